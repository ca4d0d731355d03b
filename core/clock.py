"""The only source of the time, so that tests can move it."""

import time
from datetime import UTC, date, datetime, timedelta

_shift = timedelta()


def now() -> datetime:
    """The time in UTC, aware, to the microsecond."""
    return datetime.now(UTC) + _shift


def today() -> date:
    return now().date()


def monotonic() -> float:
    """Seconds on a clock that never jumps: for measuring and for deadlines."""
    return time.monotonic()


def period_of(moment: datetime) -> str:
    """The month that a message counts in, e.g. `2026-11` (UTC)."""
    return moment.strftime("%Y-%m")


def start_of_period(moment: datetime) -> datetime:
    """Midnight (UTC) of the first day of the month."""
    return moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def next_period_starts_on(moment: datetime) -> date:
    """The day the message quota resets: the first of the next month (UTC)."""
    return (moment.replace(day=1) + timedelta(days=32)).replace(day=1).date()


def shift(by: timedelta) -> None:
    """Moves this process's clock, for tests."""
    global _shift
    _shift = by


def sleep(seconds: float) -> None:
    time.sleep(seconds)
