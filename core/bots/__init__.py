"""Bots, their visitors and conversations, the message quota, and the way of one message."""
