"""Keys that a provider asked to leave alone for a while, as this process was told.

Only what a provider said counts (Retry-After), a minute at most. A new version of a key starts cool.
"""

from core import clock

MAX_SECONDS = 60.0
_MAX_ENTRIES = 10_000
_until: dict[tuple[str, int], float] = {}


def start(key_id: str, version: int, seconds: float) -> None:
    """Nobody of this process is to use that key before then."""
    if len(_until) > _MAX_ENTRIES:
        _until.clear()
    _until[(key_id, version)] = clock.monotonic() + min(seconds, MAX_SECONDS)


def seconds_left(key_id: str, version: int) -> float:
    """How long the key is still to be left alone; 0 if it is not."""
    left = _until.get((key_id, version), 0.0) - clock.monotonic()
    return max(0.0, left)


def clear() -> None:
    """Forgets every pause."""
    _until.clear()
