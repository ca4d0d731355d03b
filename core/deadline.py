"""An end for what a far side could draw out for ever: its connection is hung up from outside.

A socket's own time-out counts from each received byte anew; this one counts once.
"""

import socket
import threading
from contextlib import suppress
from typing import Self


class Deadline:
    """Hangs up the watched connection when its seconds are over. Used as `with`, it ends with the block."""

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
        """A handle of its own, so that it holds whatever TLS is wrapped around the socket later."""
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
