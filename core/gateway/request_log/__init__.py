"""The log of gateway requests: written, searched, deleted after its retention time."""
