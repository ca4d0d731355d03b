"""Bots in the console."""
