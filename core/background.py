"""Work that a process repeats in a background thread."""

import os
import threading
from collections.abc import Callable
from typing import Generic, ParamSpec

from core.log import logger

P = ParamSpec("P")

log = logger(__name__)


class BackgroundThread(Generic[P]):
    """Repeats `act` every `every_seconds`, until `stop` or the end of the process.

    A process has at most one such thread, from the first `start` on. A forked child has none until
    it starts its own. If `act` raises, `NAME_missed` is logged and the next run follows as usual.
    The thread is a daemon: modules flush what has to be written at exit.
    """

    def __init__(self, name: str, act: Callable[P, object], every_seconds: float) -> None:
        self.name, self.every_seconds = name, every_seconds
        self._act = act
        self._lock = threading.Lock()
        self._stopping: threading.Event | None = None
        os.register_at_fork(after_in_child=self._forget)

    def start(self, *args: P.args, **kwargs: P.kwargs) -> None:
        """Starts the thread unless it is running. The arguments are passed to `act`."""
        if self._stopping is not None:
            return
        with self._lock:
            if self._stopping is None:
                self._stopping = threading.Event()
                self._run_beside(self._stopping, *args, **kwargs)

    def stop(self) -> None:
        """Waits for the current run of `act`, then ends the thread. It can be started again."""
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
        """Resets a forked child, which has no copy of the thread but may have copied a held lock."""
        self._lock, self._stopping = threading.Lock(), None
