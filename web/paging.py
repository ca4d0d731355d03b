"""The requested page of a list: `?page=3`."""

from flask import request


def requested_page(last: int) -> int:
    """A page number from 1 to `last`; 1 if `page` isn't a number."""
    text = request.args.get("page", "")
    return (
        min(max(int(text), 1), last) if text.isascii() and text.isdigit() and len(text) < 8 else 1
    )
