"""HTTP/1.1 as bytes: the head of a response and the framing of its body."""

from collections.abc import Iterator, Mapping
from email.utils import formatdate
from http.client import responses

LAST_CHUNK = b"0\r\n\r\n"


def head(status: int, headers: Mapping[str, str], length: int | None = None) -> bytes:
    """The status line and headers; without a length the body is chunked."""
    framing = (
        {"transfer-encoding": "chunked"} if length is None else {"content-length": str(length)}
    )
    fields = {"date": formatdate(usegmt=True), **headers, **framing}
    lines = [
        f"HTTP/1.1 {status} {responses.get(status, 'Overloaded' if status == 529 else 'Unknown')}"
    ]
    lines += [f"{name}: {value}" for name, value in fields.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def chunk(data: bytes) -> bytes:
    """One HTTP chunk."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def portions(data: bytes, size: int | None) -> Iterator[bytes]:
    """The bytes in pieces of a size, or whole."""
    step = size or len(data)
    return (data[start : start + step] for start in range(0, len(data), step))


def merged(defaults: Mapping[str, str], changes: Mapping[str, str | None]) -> dict[str, str]:
    """The default headers with a reply's in their place, None leaving one out.

    retry-after-ms says the same as retry-after and the vendors' clients read it first: it goes when
    that changes.
    """
    lowered = {name.lower(): value for name, value in changes.items()}
    if "retry-after" in lowered:
        lowered = {"retry-after-ms": None, **lowered}
    both: dict[str, str | None] = {**defaults, **lowered}
    return {name: value for name, value in both.items() if value is not None}
