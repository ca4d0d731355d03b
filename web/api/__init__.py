"""The HTTP APIs: the bot endpoint, the gateway, and their description."""
