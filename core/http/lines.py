"""Connections whose every wait has a limit, and the pool that keeps them between requests.

Only `exchange.py` uses this. A line is never shared: the pool hands it to one exchange at a time.
"""

import functools
import io
import os
import socket
import ssl
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from http.client import HTTPConnection, HTTPSConnection
from typing import Any

from core import clock
from core.deadline import Deadline
from core.tls import verifying

KEPT_PER_ORIGIN = 64
KEPT_SECONDS = 30  # Well under the 60 s after which common load balancers close an idle connection.

Origin = tuple[str, str, int]
"""Scheme, host, port."""


class Line:
    """A connection whose reads and writes last at most `patience()` seconds each."""

    def __init__(
        self, origin: Origin, connect_seconds: float, addresses: Sequence[str] = ()
    ) -> None:
        """Connects, TLS with a verified certificate included. Raises OSError.

        With `addresses` it goes to one of those and looks nothing up, and all of it takes no longer
        than `connect_seconds`: who is at the other end is not to be trusted.
        """
        self.origin = origin
        self.patience: Callable[[], float] = _no_patience
        self.connection = (
            _connected_to(addresses, origin, connect_seconds)
            if addresses
            else _connected(origin, connect_seconds)
        )
        self.socket: socket.socket = self.connection.sock
        self.connection.sock = _PatientSocket(self)
        self.connection.auto_open = 0

    @property
    def is_open(self) -> bool:
        """Whether it can carry another request; http.client closes it where the server will."""
        return self.connection.sock is not None

    @property
    def is_quiet(self) -> bool:
        """Whether the server neither hung up nor said anything unasked. Looks below TLS."""
        try:
            self.socket.settimeout(0)
            socket.socket.recv(self.socket, 1, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False

    def hang_up(self) -> None:
        """Wakes whoever waits for the line, by an end of data or an OSError; from any thread."""
        with suppress(OSError):
            socket.socket.shutdown(self.socket, socket.SHUT_RDWR)

    def close(self) -> None:
        """Ends it. Whoever has a response on it closes that first."""
        self.patience = _no_patience
        self.connection.close()
        self.socket.close()


class Pool:
    """Idle lines by origin, the last used first."""

    def __init__(self) -> None:
        self._idle: defaultdict[Origin, deque[tuple[float, Line]]] = defaultdict(deque)

    def take(self, origin: Origin) -> Line | None:
        """A line that was good a moment ago, now the caller's alone."""
        idle = self._idle[origin]
        while idle:
            with suppress(IndexError):  # Another thread took the last one.
                kept_at, line = idle.pop()
                if clock.monotonic() - kept_at < KEPT_SECONDS and line.is_quiet:
                    return line
                line.close()
        return None

    def give(self, line: Line) -> None:
        """Keeps the line for a while; where there are many, the longest idle one goes."""
        line.patience = _no_patience
        idle = self._idle[line.origin]
        idle.append((clock.monotonic(), line))
        if len(idle) > KEPT_PER_ORIGIN:
            with suppress(IndexError):
                idle.popleft()[1].close()

    def clear(self) -> None:
        """Closes every idle line."""
        for idle in list(self._idle.values()):
            while idle:
                idle.pop()[1].close()


class _PatientSocket:
    """The part of a socket that http.client uses."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def sendall(self, data: bytes) -> None:
        self._line.socket.settimeout(self._line.patience())
        self._line.socket.sendall(data)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_PatientReader(self._line))

    def close(self) -> None:
        self._line.socket.close()


class _PatientReader(io.RawIOBase):
    """The socket as a file, which keeps it open when http.client closes it before the end."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._file = line.socket.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._line.socket.settimeout(self._line.patience())
        return self._file.readinto(buffer)

    def close(self) -> None:
        self._file.close()
        super().close()


def _connected(origin: Origin, connect_seconds: float) -> HTTPConnection:
    connection = _unconnected(origin, connect_seconds)
    connection.connect()
    return connection


def _unconnected(origin: Origin, connect_seconds: float) -> HTTPConnection:
    scheme, host, port = origin
    if scheme == "https":
        return HTTPSConnection(host, port, timeout=connect_seconds, context=tls())
    return HTTPConnection(host, port, timeout=connect_seconds)


def _connected_to(
    addresses: Sequence[str], origin: Origin, connect_seconds: float
) -> HTTPConnection:
    """The first of the addresses that takes the connection, under the name of the origin."""
    connection = _unconnected(origin, connect_seconds)
    with Deadline(connect_seconds) as deadline:

        def connect(place: tuple[str, int], *_: object) -> socket.socket:
            made = _first_that_answers(addresses, place[1], connect_seconds)
            deadline.watch(made)
            return made

        connection._create_connection = connect  # type: ignore[attr-defined]
        try:
            connection.connect()
        except OSError:
            connection.close()
            if deadline.passed:
                raise TimeoutError from None
            raise
    return connection


def _first_that_answers(addresses: Sequence[str], port: int, seconds: float) -> socket.socket:
    ends_at, failure = clock.monotonic() + seconds, OSError()
    for address in addresses:
        left = ends_at - clock.monotonic()
        if left <= 0:
            raise TimeoutError
        try:
            return socket.create_connection((address, port), left)
        except OSError as error:
            failure = error
    raise failure


@functools.cache
def tls() -> ssl.SSLContext:
    """The one context of all lines: made once, since reading the authorities takes milliseconds."""
    context = verifying()
    context.set_alpn_protocols(["http/1.1"])
    return context


def _no_patience() -> float:
    raise TimeoutError


pool = Pool()
# A forked child that used its parent's connections would mix its answers with the parent's.
os.register_at_fork(after_in_child=pool.clear)
