"""Connections with a timeout for each read and write, and the pool that reuses them.

Used by `exchange.py` and `transport.py`. The pool gives a connection to one exchange at a time.
"""

import functools
import os
import socket
import ssl
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from contextlib import suppress

from core import clock
from core.deadline import Deadline
from core.tls import verifying

MAX_IDLE_PER_ORIGIN = 64
MAX_IDLE_SECONDS = (
    30  # Well under the 60 s after which common load balancers close an idle connection.
)

RECEIVED_BYTES = 64 << 10

Origin = tuple[str, str, int]
"""Scheme, host, port."""


class Connection:
    """A connection with a timeout: each read and write takes at most `timeout()` seconds."""

    def __init__(
        self, origin: Origin, connect_seconds: float, addresses: Sequence[str] = ()
    ) -> None:
        """Connects, with TLS and a verified certificate for https. Raises OSError.

        With `addresses`, it connects to one of those without a DNS lookup and takes at most
        `connect_seconds` in total, because the server isn't trusted.
        """
        self.origin = origin
        self.timeout: Callable[[], float] = _refuse_to_wait
        self.socket = (
            _connect_to(addresses, origin, connect_seconds)
            if addresses
            else _connect(origin, connect_seconds)
        )

    def send(self, data: bytes) -> None:
        self.socket.settimeout(self.timeout())
        self.socket.sendall(data)

    def receive(self) -> bytes:
        """The next bytes; empty if the server has closed the connection."""
        self.socket.settimeout(self.timeout())
        return self.socket.recv(RECEIVED_BYTES)

    @property
    def is_quiet(self) -> bool:
        """Whether the server neither closed the connection nor sent unrequested data. Peeks below TLS."""
        try:
            self.socket.settimeout(0)
            socket.socket.recv(self.socket, 1, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False

    def shutdown(self) -> None:
        """Interrupts the reader, with an end of data or an OSError. Callable from any thread."""
        with suppress(OSError):
            socket.socket.shutdown(self.socket, socket.SHUT_RDWR)

    def close(self) -> None:
        self.timeout = _refuse_to_wait
        self.socket.close()


class Pool:
    """Idle connections by origin, most recently used first."""

    def __init__(self) -> None:
        self._idle: defaultdict[Origin, deque[tuple[float, Connection]]] = defaultdict(deque)

    def take(self, origin: Origin) -> Connection | None:
        """A connection that still works, now owned by the caller; None if there is none."""
        idle = self._idle[origin]
        while idle:
            with suppress(IndexError):  # Another thread took the last one.
                idle_since, connection = idle.pop()
                if clock.monotonic() - idle_since < MAX_IDLE_SECONDS and connection.is_quiet:
                    return connection
                connection.close()
        return None

    def give(self, connection: Connection) -> None:
        """Keeps the connection for reuse; if there are too many, closes the longest idle one."""
        connection.timeout = _refuse_to_wait
        idle = self._idle[connection.origin]
        idle.append((clock.monotonic(), connection))
        if len(idle) > MAX_IDLE_PER_ORIGIN:
            with suppress(IndexError):
                idle.popleft()[1].close()

    def clear(self) -> None:
        """Closes every idle connection."""
        for idle in list(self._idle.values()):
            while idle:
                idle.pop()[1].close()


def _connect(origin: Origin, seconds: float) -> socket.socket:
    return _secure(socket.create_connection(origin[1:], seconds), origin)


def _connect_to(addresses: Sequence[str], origin: Origin, seconds: float) -> socket.socket:
    """Connects to the first address that accepts, and verifies the origin's name."""
    with Deadline(seconds) as deadline:
        connected = _connect_to_first(addresses, origin[2], seconds)
        deadline.watch(connected)
        try:
            return _secure(connected, origin)
        except OSError:
            if deadline.passed:
                raise TimeoutError from None
            raise


def _secure(connected: socket.socket, origin: Origin) -> socket.socket:
    """Adds TLS for https, within the socket's timeout."""
    try:
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        scheme, host, _ = origin
        if scheme != "https":
            return connected
        return tls().wrap_socket(connected, server_hostname=host)
    except BaseException:
        connected.close()
        raise


def _connect_to_first(addresses: Sequence[str], port: int, seconds: float) -> socket.socket:
    ends_at, failure = clock.monotonic() + seconds, OSError()
    for address in addresses:
        seconds_left = ends_at - clock.monotonic()
        if seconds_left <= 0:
            raise TimeoutError
        try:
            return socket.create_connection((address, port), seconds_left)
        except OSError as error:
            failure = error
    raise failure


@functools.cache
def tls() -> ssl.SSLContext:
    """The TLS context of all connections, cached because loading the CA certificates is slow."""
    context = verifying()
    context.set_alpn_protocols(["http/1.1"])
    return context


def _refuse_to_wait() -> float:
    raise TimeoutError


pool = Pool()
# A forked child that used its parent's connections would mix up their responses.
os.register_at_fork(after_in_child=pool.clear)
