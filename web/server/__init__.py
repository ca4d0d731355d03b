"""What stands around the application: request logs, health checks."""
