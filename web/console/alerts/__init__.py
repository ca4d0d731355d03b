"""Alerts: emails, the webhook and their deliveries."""
