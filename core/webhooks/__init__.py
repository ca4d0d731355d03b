"""Webhooks: each workspace's endpoint, and the signed calls to it."""
