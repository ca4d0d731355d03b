"""What goes onto the wire and what comes back, as HTTP/1.1 has it (RFC 9112).

Only `exchange.py` uses this. Whatever a server says, no more than `MOST_HEAD_BYTES` of what is not the
body is held, and what could be read in two ways is not read at all.
"""

import re
from collections.abc import Iterator, Mapping

from core.http.lines import Line

MOST_HEAD_BYTES = 128 << 10
MOST_CHUNK_LINE_BYTES = 4 << 10
"""The size of a chunk, with extensions that nobody reads."""

_STATUS_LINE = re.compile(r"HTTP/1\.([01]) ([1-9]\d\d)(?: .*)?", re.ASCII)
_CHUNK_SIZE = re.compile(rb"([0-9a-fA-F]{1,15})[ \t]*(?:;.*)?")
_NAMES = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]*")
_UNSENDABLE = re.compile(r"[\r\n\0]")
_BLANK = " \t"


class Garbled(Exception):
    """What came is not HTTP."""


def request_head(
    method: str, target: str, host: str, headers: Mapping[str, str], body: bytes | None
) -> bytes:
    """Header names in lower case. Raises ValueError for what cannot be sent; its text says nothing."""
    fields = {"host": host, "accept-encoding": "identity", **headers}
    if body is not None or method == "POST":
        fields["content-length"] = str(len(body or b""))
    named = "" not in fields and _NAMES.fullmatch("".join(fields))
    if not named or _UNSENDABLE.search("".join(fields.values())):
        raise ValueError
    lines = [f"{name}: {value}\r\n" for name, value in fields.items()]
    return f"{method} {target} HTTP/1.1\r\n{''.join(lines)}\r\n".encode("latin-1")


class Response:
    """One answer: its head, read at once, and its body as it arrives.

    All of it raises what the line raises, ConnectionAbortedError where it ends too soon, and `Garbled`.
    """

    status: int
    headers: dict[str, str]
    """By lower-case name; of those that came twice the last."""
    ended = False
    """Whether the body was read to its end."""

    def __init__(self, line: Line, method: str) -> None:
        self._line = line
        self._data, self._at = b"", 0  # what was received, and how much of it is used
        self._is_kept = self._read_head()
        while self.status < 200:  # an interim answer: the final one follows (RFC 9110, 15.2)
            self._is_kept = self._read_head()
        self._body = self._planned_body(method)

    def read(self) -> bytes:
        """The next piece of the body; nothing at its end."""
        return next(self._body, b"")

    @property
    def leaves_line_clean(self) -> bool:
        """Whether another request may follow: all of this answer was read, and nothing came after it."""
        return self.ended and self._is_kept and self._at == len(self._data)

    def _read_head(self) -> bool:
        """Reads status and headers; whether they let the connection live on."""
        first, *lines = self._head().split("\n")
        found = _STATUS_LINE.fullmatch(first.rstrip("\r"))
        if not found:
            raise Garbled
        self.status, self.headers = int(found[2]), _fields(lines)
        return found[1] == "1" and "close" not in self.headers.get("connection", "").lower()

    def _head(self) -> str:
        """Everything up to the blank line."""
        held, seen = bytearray(self._data[self._at :]), 0
        while not (end := _end_of_head(held, seen)):
            if len(held) > MOST_HEAD_BYTES:
                raise Garbled
            seen = max(0, len(held) - 3)
            held += self._received()
        self._data, self._at = bytes(held[end:]), 0
        return held[:end].decode("latin-1").rstrip("\r\n")

    def _planned_body(self, method: str) -> Iterator[bytes]:
        """It ends by its length, with its last chunk, or with the connection (RFC 9112, 6.3)."""
        coding = self.headers.get("transfer-encoding", "").lower()
        length = self.headers.get("content-length", "")
        if length and not (length.isascii() and length.isdigit()):
            raise Garbled
        if method == "HEAD" or self.status in (204, 304):
            return self._of_length(0)
        if coding == "chunked":
            self._is_kept = self._is_kept and not length
            return self._of_chunks()
        if length and not coding:
            return self._of_length(int(length))
        self._is_kept = False
        return self._to_the_close()

    def _of_length(self, left: int) -> Iterator[bytes]:
        self.ended = not left
        while left:
            piece = self._some(left)
            left -= len(piece)
            self.ended = not left
            yield piece

    def _of_chunks(self) -> Iterator[bytes]:
        while left := self._chunk_size():
            while left:
                piece = self._some(left)
                left -= len(piece)
                yield piece
            if self._text_line():
                raise Garbled
        self._skip_trailers()
        self.ended = True

    def _to_the_close(self) -> Iterator[bytes]:
        while piece := self._available():
            yield piece
        self.ended = True

    def _chunk_size(self) -> int:
        found = _CHUNK_SIZE.fullmatch(self._text_line())
        if not found:
            raise Garbled
        return int(found[1], 16)

    def _skip_trailers(self) -> None:
        size = 0
        while trailer := self._text_line():
            size += len(trailer)
            if size > MOST_HEAD_BYTES:
                raise Garbled

    def _text_line(self) -> bytes:
        """Up to the next line's end, which is left out."""
        while (end := self._data.find(b"\n", self._at)) < 0:
            if len(self._data) - self._at > MOST_CHUNK_LINE_BYTES:
                raise Garbled
            self._data, self._at = self._data[self._at :] + self._received(), 0
        line = self._data[self._at : end]
        self._at = end + 1
        return line.removesuffix(b"\r")

    def _some(self, most: int) -> bytes:
        """One byte or more of what has to come."""
        piece = self._available(most)
        if not piece:
            raise ConnectionAbortedError
        return piece

    def _available(self, most: int | None = None) -> bytes:
        """What is there, or else comes next; nothing where the connection ends."""
        if self._at == len(self._data):
            self._data, self._at = self._line.receive(), 0
        start, end = self._at, len(self._data)
        self._at = end if most is None else min(start + most, end)
        return self._data[start : self._at]

    def _received(self) -> bytes:
        data = self._line.receive()
        if not data:
            raise ConnectionAbortedError
        return data


def _end_of_head(held: bytearray, start: int) -> int:
    """Behind the blank line, or 0 where it is not there yet. Lines may end without a CR."""
    end = held.find(b"\n\r\n", start)
    bare = held.find(b"\n\n", start, len(held) if end < 0 else end)
    if bare >= 0:
        return bare + 2
    return end + 3 if end >= 0 else 0


def _fields(lines: list[str]) -> dict[str, str]:
    fields: dict[str, str] = {}
    name = ""
    for line in lines:
        text = line.removesuffix("\r")
        is_folded = text.startswith((" ", "\t"))  # as old servers do (RFC 9112, 5.2)
        if "\r" in text or "\0" in text or (is_folded and not name):
            raise Garbled
        if is_folded:
            fields[name] += " " + text.strip(_BLANK)
            continue
        name, colon, rest = text.partition(":")
        name, value = name.rstrip(_BLANK).lower(), rest.strip(_BLANK)
        if not (name and colon) or (name == "content-length" and fields.get(name, value) != value):
            raise Garbled
        fields[name] = value
    return fields
