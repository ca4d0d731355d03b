"""Cooldowns of rate-limited keys, in this process.

Only the provider's Retry-After counts, up to a minute. A new version of a key has no cooldown.
"""

from core import clock

MAX_SECONDS = 60.0
_MAX_ENTRIES = 10_000
_until: dict[tuple[str, int], float] = {}


def start(key_id: str, version: int, seconds: float) -> None:
    """This process doesn't use the key until then."""
    if len(_until) > _MAX_ENTRIES:
        _until.clear()
    _until[(key_id, version)] = clock.monotonic() + min(seconds, MAX_SECONDS)


def seconds_left(key_id: str, version: int) -> float:
    """The rest of the key's cooldown; 0 if there is none."""
    left = _until.get((key_id, version), 0.0) - clock.monotonic()
    return max(0.0, left)


def clear() -> None:
    """Clears all cooldowns."""
    _until.clear()
