"""The gateway for programs: tokens, routing, forwarding, format translation and balance.

Knows nothing of bots. A provider key is only passed as an argument, never stored in an object.
"""
