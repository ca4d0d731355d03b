"""A gate that holds answers in mid-stream until a test opens it."""

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

_LOOK_FOR_LEAVERS_SECONDS = 0.05


class Gate:
    """Where streams wait after their first chunk, other answers before their first byte.

    As a context it opens at the end.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._open = False
        self._waiting = 0

    @property
    def waiting(self) -> int:
        """How many answers wait here now; those whose client left are not counted."""
        with self._changed:
            return self._waiting

    @property
    def is_open(self) -> bool:
        """Whether answers pass without waiting."""
        with self._changed:
            return self._open

    def open(self) -> None:
        """Lets everyone through, now and later."""
        with self._changed:
            self._open = True
            self._changed.notify_all()

    def wait_for(self, count: int, timeout_seconds: float = 5) -> int:
        """Returns how many wait, once that is at least `count`. Raises TimeoutError."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._waiting >= count, timeout_seconds):
                raise TimeoutError(
                    f"{self._waiting} of {count} answers reached the gate in {timeout_seconds} s"
                )
            return self._waiting

    def pass_through(self, check_client: Callable[[], None]) -> None:
        """Blocks until the gate is open, or `check_client` raises because nobody listens."""
        self._count(+1)
        try:
            while not self._opened_within(_LOOK_FOR_LEAVERS_SECONDS):
                check_client()
        finally:
            self._count(-1)

    def _opened_within(self, seconds: float) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: self._open, seconds)

    def _count(self, difference: int) -> None:
        with self._changed:
            self._waiting += difference
            self._changed.notify_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.open()
