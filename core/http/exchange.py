"""One request on a pooled connection: its body streams as it arrives, and it can be canceled anytime.

It uses sockets instead of urllib3, because urllib3 hides its own: a request couldn't be canceled before
its response headers arrive, and would cost several times as much (decision 0004).
"""

import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Self

from core.http.connections import Connection, Origin, pool
from core.http.errors import (
    BodyTooLarge,
    Cancelled,
    Cut,
    HttpError,
    NotSendable,
    TimedOut,
    Unreachable,
)
from core.http.limits import TimeLimits, Timeouts
from core.http.request_head import request_head, split_url
from core.http.response import ProtocolError, Response

_LAST_BYTES = 64 << 10
_LAST_BYTES_SECONDS = 0.05
_JOINED_BYTES = 256 << 10
"""A body up to this size is sent together with its head."""


class Exchange:
    """One request and its response. Only `cancel` may be called from another thread or greenlet."""

    status: int
    headers: dict[str, str]
    """The response's, by lower-case name."""

    def __init__(self, timeouts: Timeouts) -> None:
        self._timeouts = timeouts
        self._lock = threading.Lock()
        self._connection: Connection | None = None
        self._response: Response | None = None
        self._cancelled = False

    def send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None = None
    ) -> None:
        """Sends the request, then waits for the status and the headers. Raises `HttpError`."""
        self._limits = TimeLimits(self._timeouts)
        try:
            origin, host, target = split_url(url)
            head = request_head(method, target, host, headers, body)
            connection = self._adopt(self._connect(origin))
            _send(connection, head, body or b"")
            self._response = response = Response(connection, method)
        except (OSError, ProtocolError, ValueError) as error:
            raise self._explained(error, Unreachable) from None
        self.status, self.headers = response.status, response.headers

    def buffers(self) -> Iterator[bytes]:
        """The body, in pieces as it arrives. Raises `HttpError`: `Cut` if part of it is missing."""
        while data := self._read():
            yield data

    def read(self, limit_bytes: int) -> bytes:
        """The whole body. Raises `BodyTooLarge` above the limit, and what `buffers` raises."""
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
        """Ends the exchange: its reader gets `Cancelled` immediately, or as soon as it is connected."""
        with self._lock:
            self._cancelled = True
            if self._connection is not None:
                self._connection.shutdown()

    def finish(self) -> None:
        """Reads the last bytes for up to 50 ms, so that the connection can be reused, then closes."""
        self._limits.end_within(_LAST_BYTES_SECONDS)
        with suppress(HttpError):
            self.head(_LAST_BYTES)
        self.close()

    def close(self) -> None:
        """Pools the connection if the body was read completely, else closes it. Idempotent."""
        with self._lock:
            connection, self._connection = self._connection, None
        if connection is None:
            return
        response = self._response
        if response and response.is_reusable:
            pool.give(connection)
        else:
            connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _connect(self, origin: Origin) -> Connection:
        return pool.take(origin) or Connection(origin, self._limits.connect_seconds())

    def _adopt(self, connection: Connection) -> Connection:
        """Makes the connection cancelable and applies this exchange's timeouts."""
        with self._lock:
            self._connection = connection
        self._limits.start_waiting()
        connection.timeout = self._timeout
        return connection

    def _timeout(self) -> float:
        """How many seconds the next wait may take. Raises TimeoutError if none are left."""
        if self._cancelled:
            raise ConnectionAbortedError
        return self._limits.seconds_left()

    def _read(self) -> bytes:
        """The next piece of the body; empty at its end."""
        assert self._response is not None, "send first"  # noqa: S101  (a mistake in our code)
        try:
            data = self._response.read()
            if not data and self._cancelled:
                raise ConnectionAbortedError
        except (OSError, ProtocolError) as error:
            raise self._explained(error, Cut) from None
        self._limits.body_began = True
        return data

    def _explained(self, error: Exception, otherwise: type[HttpError]) -> HttpError:
        """Our error for a library's, whose text may contain the request. Closes the connection."""
        connecting = self._connection is None
        self.close()
        if self._cancelled:
            return Cancelled()
        if isinstance(error, TimeoutError):
            return TimedOut(self._limits.reached())
        if connecting and isinstance(error, OSError):
            return Unreachable.for_os_error(error)
        return otherwise() if isinstance(error, OSError | ProtocolError) else NotSendable()


def _send(connection: Connection, head: bytes, body: bytes) -> None:
    if len(body) <= _JOINED_BYTES:
        connection.send(head + body)
    else:
        connection.send(head)
        connection.send(body)
