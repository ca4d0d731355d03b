"""Serving: gunicorn's worker, request logs and health checks."""
