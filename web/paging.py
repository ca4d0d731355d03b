"""Which page of a list an address asks for: `?page=3`."""

from flask import request


def requested_page(last: int) -> int:
    """From 1 to `last`; the first for whatever is no number."""
    text = request.args.get("page", "")
    return (
        min(max(int(text), 1), last) if text.isascii() and text.isdigit() and len(text) < 8 else 1
    )
