"""The transport adapter for `requests`: connects to a checked address, with our timeouts and size limits.

urllib3 only writes the request and reads the response: it resolves no names, and can't wait longer or
receive more than the request's limits allow.
"""

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from socket import SocketIO
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool
from urllib3.connection import HTTPConnection

from core.http.addresses import public_addresses
from core.http.connections import Connection, Origin
from core.http.errors import BodyTooLarge, NotSendable, TimedOut, Unreachable
from core.http.limits import TimeLimits
from core.http.request_head import origin_of

HEAD_BYTES = 256 << 10
"""The limit for everything before the body: interim responses and the head."""
BUFFER_BYTES = 64 << 10


class Transport(HTTPAdapter):
    """The adapter for one request. Its connection isn't reused."""

    def __init__(self, limits: TimeLimits, origin: Origin, public_only: bool) -> None:
        super().__init__()
        self._limits = limits
        self._origin = origin
        self._public_only = public_only
        self._connection: Connection | None = None
        self._bytes_left = HEAD_BYTES

    def get_connection_with_tls_context(
        self, request: requests.PreparedRequest, *_args: Any, **_kwargs: Any
    ) -> HTTPConnectionPool:
        """Refuses a URL that `requests` parses to another host than the one that was checked."""
        if origin_of(request.url or "")[0] != self._origin:
            raise NotSendable
        _, host, port = self._origin
        return _Connections(host, port, open_socket=self._open_socket)

    def cert_verify(self, *_args: Any) -> None:
        """Does nothing: `Connection` handles TLS with its own context."""

    def allow(self, count: int) -> None:
        """Raises the limit of received bytes by `count`."""
        self._bytes_left += count

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        super().close()

    @contextmanager
    def limited(self) -> Iterator[None]:
        """Applies the timeout to one send or receive. Raises `TimedOut`."""
        assert self._connection is not None  # noqa: S101  (tells the type checker)
        try:
            self._connection.socket.settimeout(self._limits.seconds_left())
            yield
        except TimeoutError:
            raise TimedOut(self._limits.reached()) from None

    def count(self, received: int) -> int:
        """Counts received bytes. Raises `BodyTooLarge` above the limit."""
        self._bytes_left -= received
        if self._bytes_left < 0:
            raise BodyTooLarge
        return received

    def _open_socket(self) -> "_LimitedSocket":
        _, host, port = self._origin
        addresses = public_addresses(host, port) if self._public_only else ()
        try:
            connection = Connection(self._origin, self._limits.connect_seconds(), addresses)
        except TimeoutError:
            raise TimedOut(self._limits.reached()) from None
        except OSError as error:
            raise Unreachable.for_os_error(error) from None
        self._connection = connection
        self._limits.start_waiting()
        return _LimitedSocket(connection, self)


class _Connection(HTTPConnection):
    def __init__(self, *, open_socket: Callable[[], Any], **options: Any) -> None:
        super().__init__(**options)
        self._open_socket = open_socket

    def connect(self) -> None:
        self.sock = self._open_socket()


class _Connections(HTTPConnectionPool):
    ConnectionCls = _Connection


class _LimitedSocket:
    """The part of a socket that urllib3 and http.client use."""

    def __init__(self, connection: Connection, transport: Transport) -> None:
        self._socket = connection.socket
        self._transport = transport

    def sendall(self, data: bytes) -> None:
        with self._transport.limited():
            self._socket.sendall(data)

    def makefile(self, *_args: Any, **_kwargs: Any) -> io.BufferedReader:
        raw = self._socket.makefile("rb", buffering=0)
        return io.BufferedReader(_LimitedReader(raw, self._transport), BUFFER_BYTES)

    def settimeout(self, seconds: float | None) -> None:
        """Does nothing: each wait has its own timeout."""

    def close(self) -> None:
        self._socket.close()


class _LimitedReader(io.RawIOBase):
    def __init__(self, raw: SocketIO, transport: Transport) -> None:
        self._raw = raw
        self._transport = transport

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        with self._transport.limited():
            received = self._raw.readinto(buffer)
        return self._transport.count(received or 0)

    def close(self) -> None:
        self._raw.close()
        super().close()
