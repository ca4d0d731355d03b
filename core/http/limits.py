"""The four timeouts of a request, and which of them it reached."""

from dataclasses import dataclass

from core import clock


@dataclass(frozen=True, slots=True)
class Timeouts:
    """The timeouts of a request, in seconds."""

    connect_seconds: float = 5
    """To connect, including TLS; without `public_only`, per address of the host."""
    first_byte_seconds: float = 60
    """From the open connection to the first byte of the response body."""
    stall_seconds: float = 30
    """Between two received pieces after that."""
    total_seconds: float = 300
    """For everything, including the reader's own pauses."""


class TimeLimits:
    """The timeouts of one request that starts now."""

    body_began = False

    def __init__(self, timeouts: Timeouts) -> None:
        self._timeouts = timeouts
        self._ends_at = clock.monotonic() + timeouts.total_seconds
        self._first_byte_until: float | None = None

    def connect_seconds(self) -> float:
        """How long connecting may take. Raises TimeoutError if no time is left."""
        return _positive(min(self._timeouts.connect_seconds, self._ends_at - clock.monotonic()))

    def start_waiting(self) -> None:
        """Starts the time to the first byte: the connection is open."""
        self._first_byte_until = clock.monotonic() + self._timeouts.first_byte_seconds

    def seconds_left(self) -> float:
        """How long the next wait may take. Raises TimeoutError if no time is left."""
        now = clock.monotonic()
        waits_until = self._first_byte_until or now
        seconds = self._timeouts.stall_seconds if self.body_began else waits_until - now
        return _positive(min(seconds, self._ends_at - now))

    def end_within(self, seconds: float) -> None:
        """Shortens the total time to at most `seconds` from now."""
        self._ends_at = min(self._ends_at, clock.monotonic() + seconds)

    def reached(self) -> str:
        """A message about the timeout that ended the request."""
        timeouts = self._timeouts
        if self._first_byte_until is None:
            return f"Couldn’t connect within {timeouts.connect_seconds:g} seconds."
        if clock.monotonic() >= self._ends_at:
            return f"The response wasn’t complete after {timeouts.total_seconds:g} seconds."
        if self.body_began:
            return f"The response stalled for {timeouts.stall_seconds:g} seconds."
        return f"No response within {timeouts.first_byte_seconds:g} seconds."


def _positive(seconds: float) -> float:
    if seconds <= 0:
        raise TimeoutError
    return seconds
