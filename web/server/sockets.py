"""How long a client's connection may stay idle or stall."""

import errno
import socket
import struct
from typing import Any

import gevent

UNSENT_BYTES = 128 * 1024
"""How much unsent data the kernel may buffer. By default it buffers megabytes, so that a client which reads
ten kilobytes a second seems to stall."""
_NOT_SENT = getattr(socket, "TCP_NOTSENT_LOWAT", None)
_AT_ONCE = struct.pack("ii", 1, 0)
"""SO_LINGER option to close a socket without waiting for buffered data to be sent."""


class IdleTimeout(gevent.Timeout):
    """The keep-alive timeout of an idle connection. Shutdown cuts it short."""

    def __init__(self, seconds: float, others: set["IdleTimeout"]) -> None:
        super().__init__(seconds, False)
        self.others = others

    def __enter__(self) -> "IdleTimeout":
        self.greenlet = gevent.getcurrent()
        self.others.add(self)
        super().__enter__()
        return self

    def __exit__(self, *raised: Any) -> bool | None:
        self.others.discard(self)
        canceled: bool | None = super().__exit__(*raised)
        return canceled

    def cut(self) -> None:
        if self in self.others:
            self.greenlet.throw(self)


class StallTimeoutSocket:
    """A client's socket that is closed when the client stalls, neither taking nor sending data.

    The limit applies to each step, not to the whole (as in gevent's own `sendall`): a client that
    keeps reading gets everything. A stalled client is treated as disconnected.
    """

    def __init__(self, sock: Any, seconds: float) -> None:
        self._sock, self._seconds = sock, seconds
        if _NOT_SENT is not None:
            sock.setsockopt(socket.IPPROTO_TCP, _NOT_SENT, UNSENT_BYTES)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)

    def setblocking(self, _flag: bool) -> None:
        self._sock.settimeout(self._seconds)

    def recv(self, size: int, *flags: int) -> bytes:
        try:
            received: bytes = self._sock.recv(size, *flags)
        except TimeoutError:
            return b""
        return received

    def sendall(self, data: bytes) -> None:
        left = memoryview(data)
        try:
            while left:
                left = left[self._sock.send(left) :]
        except TimeoutError:
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
            raise BrokenPipeError(errno.EPIPE, "The client stalled.") from None
