"""Server-sent events out of byte buffers, as the WHATWG's HTML standard reads them (§9.2.6).

An event that the stream's end cuts off is dropped, as the standard says.
"""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from core.providers.documents import Malformed
from core.providers.formats.bounds import MAX_EVENT_BYTES

_LINE_END = re.compile(rb"\r\n|\n|\r")


class EventTooLarge(Malformed):
    """One event grew past its bound."""


class SseEvent(NamedTuple):
    """`name` is "message" where the stream gives none; `data` joins its lines by newlines."""

    name: str
    data: str


def events(buffers: Iterable[bytes], max_event_bytes: int = MAX_EVENT_BYTES) -> Iterator[SseEvent]:
    """Every event as soon as its blank line is there. Raises `EventTooLarge`."""
    parser = Parser(max_event_bytes)
    for buffer in buffers:
        yield from parser.feed(buffer)


class Parser:
    """Takes a stream in pieces of any size; where they were cut makes no difference."""

    def __init__(self, max_event_bytes: int = MAX_EVENT_BYTES) -> None:
        self._max_event_bytes = max_event_bytes
        self._unfinished_line: list[bytes] = []
        self._unfinished_bytes = self._data_bytes = 0
        self._after_cr = False
        self._at_start = True
        self._name = ""
        self._data: list[str] = []

    def feed(self, buffer: bytes) -> Iterator[SseEvent]:
        """The events that this piece completes."""
        for line in self._lines(buffer):
            if line:
                self._take(line)
            elif self._data:
                yield self._event()
            else:
                self._name = ""

    def _lines(self, buffer: bytes) -> list[str]:
        if self._after_cr and buffer.startswith(b"\n"):
            buffer = buffer[1:]
            self._after_cr = False
        if not buffer:
            return []
        self._after_cr = buffer.endswith(b"\r")
        *ended, rest = _LINE_END.split(buffer)
        if ended:
            ended[0] = b"".join([*self._unfinished_line, ended[0]])
            self._unfinished_line, self._unfinished_bytes = [], 0
        self._unfinished_line.append(rest)
        self._unfinished_bytes += len(rest)
        self._check_size()
        return [self._decoded(line) for line in ended]

    def _decoded(self, line: bytes) -> str:
        text = line.decode("utf-8", "replace")
        if self._at_start:
            self._at_start = False
            return text.removeprefix("\ufeff")
        return text

    def _take(self, line: str) -> None:
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "data":
            self._data.append(value)
            self._data_bytes += len(value)
            self._check_size()
        elif field == "event":
            self._name = value

    def _event(self) -> SseEvent:
        event = SseEvent(self._name or "message", "\n".join(self._data))
        self._name, self._data, self._data_bytes = "", [], 0
        return event

    def _check_size(self) -> None:
        if self._unfinished_bytes + self._data_bytes > self._max_event_bytes:
            raise EventTooLarge
