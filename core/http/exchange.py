"""One request and its answer, under time limits, and cancellable from elsewhere.

It stands on sockets and not on urllib3, which keeps its own to itself: there a request cannot be
cancelled before its headers came, its patience cannot change once they did, and a server that dribbles
its headers or chunk sizes is waited for without end (decision 0004).
"""

import functools
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from core import clock
from core.http.addresses import public_addresses
from core.http.errors import (
    BodyTooLarge,
    Cancelled,
    Cut,
    HttpError,
    NotSendable,
    TimedOut,
    Unreachable,
)
from core.http.lines import Line, Origin, pool
from core.http.messages import Garbled, Response, request_head

_LAST_BYTES = 64 << 10
_LAST_BYTES_SECONDS = 0.05
_JOINED_BYTES = 256 << 10
"""A body up to this size goes out together with its head."""
_TARGET = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long an exchange may take."""

    connect_seconds: float = 5
    """For each address of the host, TLS included. Looking up its name is the system's matter."""
    first_byte_seconds: float = 60
    """From the open connection to the first byte of the body."""
    stall_seconds: float = 30
    """Between two receptions after that."""
    total_seconds: float = 300
    """For everything, the pauses of the one who reads included."""


class Exchange:
    """One request, one answer. For one thread or greenlet; only `cancel` may come from another."""

    status: int
    headers: dict[str, str]
    """Of the answer, by lower-case name."""

    def __init__(self, timeouts: Timeouts, public_only: bool = False) -> None:
        """`public_only` refuses addresses of private networks, and keeps no connection for others."""
        self._timeouts = timeouts
        self._public_only = public_only
        self._lock = threading.Lock()
        self._line: Line | None = None
        self._response: Response | None = None
        self._cancelled = self._body_began = False

    def send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None = None
    ) -> None:
        """Sends the request, then waits for the status and the headers. Raises `HttpError`."""
        self._ends_at = clock.monotonic() + self._timeouts.total_seconds
        try:
            origin, host, target = _parts(url)
            head = request_head(method, target, host, headers, body)
            line = self._adopt(self._line_to(origin))
            _send(line, head, body or b"")
            self._response = response = Response(line, method)
        except (OSError, Garbled, ValueError) as error:
            raise self._explained(error, Unreachable) from None
        self.status, self.headers = response.status, response.headers

    def buffers(self) -> Iterator[bytes]:
        """The body, piece by piece as it arrives. Raises `HttpError`: `Cut` if some is missing."""
        while data := self._read():
            yield data

    def read(self, limit_bytes: int) -> bytes:
        """The whole body. Raises `BodyTooLarge` past the limit, and what `buffers` raises."""
        data = self.head(limit_bytes + 1)
        if len(data) > limit_bytes:
            raise BodyTooLarge
        return data

    def head(self, limit_bytes: int) -> bytes:
        """The body up to the limit; the rest is never read. Raises what `buffers` raises."""
        data = bytearray()
        for buffer in self.buffers():
            data += buffer
            if len(data) >= limit_bytes:
                break
        return bytes(data[:limit_bytes])

    def cancel(self) -> None:
        """Ends the exchange: its reader gets `Cancelled` at once, or as soon as it is connected."""
        with self._lock:
            self._cancelled = True
            if self._line is not None:
                self._line.hang_up()

    def finish(self) -> None:
        """Closes, after 50 ms for the last bytes: read to its end, a connection serves again."""
        self._ends_at = min(self._ends_at, clock.monotonic() + _LAST_BYTES_SECONDS)
        with suppress(HttpError):
            self.head(_LAST_BYTES)
        self.close()

    def close(self) -> None:
        """Pools the connection if the body was read to its end, else closes it. May be repeated."""
        with self._lock:
            line, self._line = self._line, None
        if line is None:
            return
        response = self._response
        if response and response.leaves_line_clean and not self._public_only:
            pool.give(line)
        else:
            line.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _line_to(self, origin: Origin) -> Line:
        if not self._public_only:
            return pool.take(origin) or Line(origin, self._connect_seconds())
        addresses = public_addresses(origin[1], origin[2])
        return Line(origin, self._connect_seconds(), addresses)

    def _connect_seconds(self) -> float:
        seconds = min(self._timeouts.connect_seconds, self._ends_at - clock.monotonic())
        if seconds <= 0:
            raise TimeoutError
        return seconds

    def _adopt(self, line: Line) -> Line:
        """Puts the line within reach of `cancel` and under this exchange's limits."""
        with self._lock:
            self._line = line
        self._first_byte_until = clock.monotonic() + self._timeouts.first_byte_seconds
        line.patience = self._patience
        return line

    def _patience(self) -> float:
        """The seconds the next wait may last. Raises TimeoutError when none are left."""
        if self._cancelled:
            raise ConnectionAbortedError
        now = clock.monotonic()
        began, stall = self._body_began, self._timeouts.stall_seconds
        seconds = min(stall if began else self._first_byte_until - now, self._ends_at - now)
        if seconds <= 0:
            raise TimeoutError
        return seconds

    def _read(self) -> bytes:
        """The next piece of the body; nothing at its end."""
        assert self._response is not None, "send first"
        try:
            data = self._response.read()
            if not data and self._cancelled:
                raise ConnectionAbortedError
        except (OSError, Garbled) as error:
            raise self._explained(error, Cut) from None
        self._body_began = True
        return data

    def _explained(self, error: Exception, otherwise: type[HttpError]) -> HttpError:
        """Our error in place of a library's, whose text may hold the request. Closes the line."""
        connecting = self._line is None
        self.close()
        if self._cancelled:
            return Cancelled()
        if isinstance(error, TimeoutError):
            return TimedOut(self._limit_reached(connecting))
        if connecting and isinstance(error, OSError):
            return Unreachable(f"No connection: {error.strerror or 'the host gave no reason'}.")
        return otherwise() if isinstance(error, OSError | Garbled) else NotSendable()

    def _limit_reached(self, connecting: bool) -> str:
        limits = self._timeouts
        if connecting:
            return f"No connection could be made in {limits.connect_seconds:g} s."
        if clock.monotonic() >= self._ends_at:
            return f"The answer was not complete after {limits.total_seconds:g} s."
        if self._body_began:
            return f"The answer stopped: nothing came for {limits.stall_seconds:g} s."
        return f"No answer began within {limits.first_byte_seconds:g} s."


def _send(line: Line, head: bytes, body: bytes) -> None:
    if len(body) <= _JOINED_BYTES:
        line.send(head + body)
    else:
        line.send(head)
        line.send(body)


@functools.lru_cache(256)
def _parts(url: str) -> tuple[Origin, str, str]:
    """Origin, Host header and request target of an http or https URL. Raises ValueError."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
        raise ValueError
    usual = 443 if parts.scheme == "https" else 80
    host = parts.hostname if parts.hostname.isascii() else parts.hostname.encode("idna").decode()
    named = f"[{host}]" if ":" in host else host
    port = parts.port or usual
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if not _TARGET.fullmatch(named + target):
        raise ValueError
    return (parts.scheme, host, port), named if port == usual else f"{named}:{port}", target
