"""Webhooks: where a workspace wants to be called, and the signed calls."""
