"""The gateway for programs: tokens, which key serves a model, forwarding, translation, the balance.

Knows nothing of bots. A provider key passes through as an argument and stays in no object.
"""
