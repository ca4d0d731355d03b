"""Work that a process repeats in one thread of its own, beside the requests it serves."""

import os
import threading
from collections.abc import Callable
from typing import Generic, ParamSpec

from core.log import logger

P = ParamSpec("P")

log = logger(__name__)


class BackgroundThread(Generic[P]):
    """Repeats `act` every `every_seconds`, until `stop` or the end of the process.

    A process has at most one such thread, from the first `start` on. A forked child has none until it
    starts its own. An `act` that raises is logged as `NAME_missed` and repeated like any other. The
    thread never keeps a process alive: what has to be written at exit is flushed by its module.
    """

    def __init__(self, name: str, act: Callable[P, object], every_seconds: float) -> None:
        self.name, self.every_seconds = name, every_seconds
        self._act = act
        self._lock = threading.Lock()
        self._stopping: threading.Event | None = None
        os.register_at_fork(after_in_child=self._forget)

    def start(self, *args: P.args, **kwargs: P.kwargs) -> None:
        """Starts the thread, with what its `act` is called with, unless it is running."""
        if self._stopping is not None:
            return
        with self._lock:
            if self._stopping is None:
                self._stopping = threading.Event()
                self._run_beside(self._stopping, *args, **kwargs)

    def stop(self) -> None:
        """Lets the `act` in progress finish, and repeats it no more. `start` begins anew."""
        with self._lock:
            if self._stopping is not None:
                self._stopping.set()
            self._stopping = None

    def _run_beside(self, stopping: threading.Event, *args: P.args, **kwargs: P.kwargs) -> None:
        def run() -> None:
            while not stopping.wait(self.every_seconds):
                try:
                    self._act(*args, **kwargs)
                except Exception:
                    log.exception(f"{self.name}_missed")

        threading.Thread(target=run, name=self.name, daemon=True).start()

    def _forget(self) -> None:
        """For a child: its parent's thread is not in it, and may have held the lock when it was made."""
        self._lock, self._stopping = threading.Lock(), None
