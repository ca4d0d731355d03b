"""How long a request may take: four limits, and which of them it reached."""

from dataclasses import dataclass

from core import clock


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long a request may take, in seconds."""

    connect_seconds: float = 5
    """To connect, TLS included; without `public_only`, for each address of the host."""
    first_byte_seconds: float = 60
    """From the open connection to the first byte of the body."""
    stall_seconds: float = 30
    """Between two receptions after that."""
    total_seconds: float = 300
    """For everything, the reader's own pauses included."""


class TimeLimits:
    """The limits of one request, which starts now."""

    body_began = False

    def __init__(self, timeouts: Timeouts) -> None:
        self._timeouts = timeouts
        self._ends_at = clock.monotonic() + timeouts.total_seconds
        self._first_byte_until: float | None = None

    def connect_seconds(self) -> float:
        """How long connecting may take. Raises TimeoutError when no time is left."""
        return _positive(min(self._timeouts.connect_seconds, self._ends_at - clock.monotonic()))

    def start_waiting(self) -> None:
        """The connection is open: the time to the first byte runs."""
        self._first_byte_until = clock.monotonic() + self._timeouts.first_byte_seconds

    def seconds_left(self) -> float:
        """How long the next wait may last. Raises TimeoutError when no time is left."""
        now = clock.monotonic()
        waits_until = self._first_byte_until or now
        seconds = self._timeouts.stall_seconds if self.body_began else waits_until - now
        return _positive(min(seconds, self._ends_at - now))

    def end_within(self, seconds: float) -> None:
        """Brings the end of the total time forward."""
        self._ends_at = min(self._ends_at, clock.monotonic() + seconds)

    def reached(self) -> str:
        """A sentence about the limit that ended the request."""
        timeouts = self._timeouts
        if self._first_byte_until is None:
            return f"No connection could be made in {timeouts.connect_seconds:g} s."
        if clock.monotonic() >= self._ends_at:
            return f"The answer was not complete after {timeouts.total_seconds:g} s."
        if self.body_began:
            return f"The answer stopped: nothing came for {timeouts.stall_seconds:g} s."
        return f"No answer began within {timeouts.first_byte_seconds:g} s."


def _positive(seconds: float) -> float:
    if seconds <= 0:
        raise TimeoutError
    return seconds
