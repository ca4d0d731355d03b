"""Conversations after the fact: reading, searching, exporting, deleting."""
