"""Date ranges in a query string: `?from=2026-11-01&to=2026-11-30`, both included, in UTC."""

from datetime import UTC, date, datetime, time, timedelta


def day_in(text: str) -> date | None:
    """The date in the text; None if it isn't a date."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def midnight(day: date | None, days_later: int = 0) -> datetime | None:
    """The start of that day (UTC); None past the end of the calendar."""
    if day is None:
        return None
    try:
        return datetime.combine(day + timedelta(days=days_later), time(), UTC)
    except OverflowError:
        return None
