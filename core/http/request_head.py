"""Writes the head of an HTTP/1.1 request (RFC 9112), safe against header injection."""

import functools
import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from core.http.connections import Origin

_NAMES = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]*")
_UNSENDABLE = re.compile(r"[\r\n\0]")
_TARGET = re.compile(r"[\x21-\x7e]+")


def request_head(
    method: str, target: str, host: str, headers: Mapping[str, str], body: bytes | None
) -> bytes:
    """The head as bytes; pass header names in lower case.

    Raises ValueError for an invalid header, without its text.
    """
    fields = {"host": host, "accept-encoding": "identity", **headers}
    if body is not None or method == "POST":
        fields["content-length"] = str(len(body or b""))
    has_valid_names = "" not in fields and _NAMES.fullmatch("".join(fields))
    if not has_valid_names or _UNSENDABLE.search("".join(fields.values())):
        raise ValueError
    lines = [f"{name}: {value}\r\n" for name, value in fields.items()]
    return f"{method} {target} HTTP/1.1\r\n{''.join(lines)}\r\n".encode("latin-1")


@functools.lru_cache(256)
def split_url(url: str) -> tuple[Origin, str, str]:
    """Origin, Host header and request target of an http or https URL. Raises ValueError."""
    origin, host = origin_of(url)
    parts = urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if not _TARGET.fullmatch(host + target):
        raise ValueError
    return origin, host, target


def origin_of(url: str) -> tuple[Origin, str]:
    """Origin and Host header of an http or https URL without a user name. Raises ValueError."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
        raise ValueError
    default_port = 443 if parts.scheme == "https" else 80
    host = parts.hostname if parts.hostname.isascii() else parts.hostname.encode("idna").decode()
    bracketed = f"[{host}]" if ":" in host else host
    port = parts.port or default_port
    return (parts.scheme, host, port), bracketed if port == default_port else f"{bracketed}:{port}"
