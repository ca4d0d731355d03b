"""Outgoing emails and webhook calls, stored and retried until they are delivered."""
