"""Secrets at rest. Everything that seals or opens one comes through here."""
