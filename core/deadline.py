"""A deadline for a connection, after which it is closed from outside.

A socket's own time-out restarts with each received byte; this one doesn't.
"""

import socket
import threading
from contextlib import suppress
from typing import Self


class Deadline:
    """Closes the watched connection when its time is up. As a context manager, it ends with the block."""

    def __init__(self, seconds: float) -> None:
        self._passed = threading.Event()
        self._handle: socket.socket | None = None
        self._lock = threading.Lock()
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True
        self._timer.start()

    @property
    def passed(self) -> bool:
        return self._passed.is_set()

    def watch(self, connection: socket.socket) -> None:
        """Keeps a handle of its own, so that it still works if the socket is wrapped in TLS later."""
        with self._lock:
            self._handle = connection.dup()
        if self.passed:
            self._shutdown()

    def cancel(self) -> None:
        self._timer.cancel()
        with self._lock:
            handle, self._handle = self._handle, None
        if handle is not None:
            handle.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.cancel()

    def _end(self) -> None:
        self._passed.set()
        self._shutdown()

    def _shutdown(self) -> None:
        with self._lock, suppress(OSError):
            if self._handle is not None:
                self._handle.shutdown(socket.SHUT_RDWR)
