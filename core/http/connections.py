"""Connections whose every wait has a limit, and the pool that keeps them between requests.

`exchange.py` and `transport.py` use this. The pool hands a connection to one exchange at a time.
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

KEPT_PER_ORIGIN = 64
KEPT_SECONDS = 30  # Well under the 60 s after which common load balancers close an idle connection.

RECEIVED_BYTES = 64 << 10

Origin = tuple[str, str, int]
"""Scheme, host, port."""


class Connection:
    """A connection whose reads and writes last at most `timeout()` seconds each."""

    def __init__(
        self, origin: Origin, connect_seconds: float, addresses: Sequence[str] = ()
    ) -> None:
        """Connects, TLS with a verified certificate included. Raises OSError.

        With `addresses` it goes to one of those and looks nothing up, and all of it takes no longer
        than `connect_seconds`: who is at the other end is not to be trusted.
        """
        self.origin = origin
        self.timeout: Callable[[], float] = _refuse_to_wait
        self.socket = (
            _connected_to(addresses, origin, connect_seconds)
            if addresses
            else _connected(origin, connect_seconds)
        )

    def send(self, data: bytes) -> None:
        self.socket.settimeout(self.timeout())
        self.socket.sendall(data)

    def receive(self) -> bytes:
        """What comes next; nothing where the other side has closed."""
        self.socket.settimeout(self.timeout())
        return self.socket.recv(RECEIVED_BYTES)

    @property
    def is_quiet(self) -> bool:
        """Whether the server neither closed the connection nor sent anything unrequested. Looks below TLS."""
        try:
            self.socket.settimeout(0)
            socket.socket.recv(self.socket, 1, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False

    def shutdown(self) -> None:
        """Wakes the reader, with an end of data or an OSError; from any thread."""
        with suppress(OSError):
            socket.socket.shutdown(self.socket, socket.SHUT_RDWR)

    def close(self) -> None:
        self.timeout = _refuse_to_wait
        self.socket.close()


class Pool:
    """Idle connections by origin, the last used first."""

    def __init__(self) -> None:
        self._idle: defaultdict[Origin, deque[tuple[float, Connection]]] = defaultdict(deque)

    def take(self, origin: Origin) -> Connection | None:
        """A connection that was good a moment ago, now the caller's alone."""
        idle = self._idle[origin]
        while idle:
            with suppress(IndexError):  # Another thread took the last one.
                kept_at, connection = idle.pop()
                if clock.monotonic() - kept_at < KEPT_SECONDS and connection.is_quiet:
                    return connection
                connection.close()
        return None

    def give(self, connection: Connection) -> None:
        """Keeps the connection for a while; where there are many, the longest idle one goes."""
        connection.timeout = _refuse_to_wait
        idle = self._idle[connection.origin]
        idle.append((clock.monotonic(), connection))
        if len(idle) > KEPT_PER_ORIGIN:
            with suppress(IndexError):
                idle.popleft()[1].close()

    def clear(self) -> None:
        """Closes every idle connection."""
        for idle in list(self._idle.values()):
            while idle:
                idle.pop()[1].close()


def _connected(origin: Origin, seconds: float) -> socket.socket:
    return _secured(socket.create_connection(origin[1:], seconds), origin)


def _connected_to(addresses: Sequence[str], origin: Origin, seconds: float) -> socket.socket:
    """The first of the addresses that takes the connection, under the name of the origin."""
    with Deadline(seconds) as deadline:
        made = _first_that_answers(addresses, origin[2], seconds)
        deadline.watch(made)
        try:
            return _secured(made, origin)
        except OSError:
            if deadline.passed:
                raise TimeoutError from None
            raise


def _secured(made: socket.socket, origin: Origin) -> socket.socket:
    """The connection as its scheme wants it, within the time-out that it has."""
    try:
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        scheme, host, _ = origin
        return tls().wrap_socket(made, server_hostname=host) if scheme == "https" else made
    except BaseException:
        made.close()
        raise


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
    """The one context of all connections: made once, since reading the authorities takes milliseconds."""
    context = verifying()
    context.set_alpn_protocols(["http/1.1"])
    return context


def _refuse_to_wait() -> float:
    raise TimeoutError


pool = Pool()
# A forked child that used its parent's connections would mix its answers with the parent's.
os.register_at_fork(after_in_child=pool.clear)
