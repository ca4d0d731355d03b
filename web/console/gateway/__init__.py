"""The gateway in the console."""
