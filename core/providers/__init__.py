"""Outside models: what there is, how each is spoken to, and what its failures mean.

Knows nothing of workspaces, bots or the gateway, and stores nothing. A provider key passes through
as an argument and stays in no object.
"""
