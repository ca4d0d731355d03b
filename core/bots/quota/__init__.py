"""How much a workspace and a visitor may use: the message quota and rate limits."""
