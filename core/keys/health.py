"""A key's health, day by day: counted with each event, shown as a strip of thirty squares."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from core import clock
from core.db import changed_one, insert_new, session, transaction
from core.keys.models import KeyDay

DAYS = 30
KEPT_FOR = timedelta(days=100)
_NOTHING = dict.fromkeys(
    ("requests", "requests_failed", "checks_passed", "checks_failed", "refusals"), 0
)


@dataclass(frozen=True)
class Day:
    """One square. `kind` is bad if the key was refused, warning if something else failed."""

    day: date
    requests: int = 0
    requests_failed: int = 0
    checks_passed: int = 0
    checks_failed: int = 0
    refusals: int = 0

    @property
    def kind(self) -> str:
        if self.refusals:
            return "bad"
        if self.requests_failed or self.checks_failed:
            return "warning"
        return "good" if self.requests or self.checks_passed else "none"


def count(current: Session, key_id: str, **events: int) -> None:
    """Adds to today's counts in the caller's transaction: `count(current, key.id, requests=1)`."""
    if not _add(current, key_id, events):
        insert_new(current, KeyDay, key_id=key_id, day=clock.today(), **_NOTHING)
        _add(current, key_id, events)


def _add(current: Session, key_id: str, events: dict[str, int]) -> bool:
    return changed_one(
        current,
        update(KeyDay)
        .where(KeyDay.key_id == key_id, KeyDay.day == clock.today())
        .values({name: getattr(KeyDay, name) + by for name, by in events.items()}),
    )


def strips(key_ids: Iterable[str]) -> dict[str, list[Day]]:
    """The last thirty days of each key, oldest first, including days without events."""
    days = [clock.today() - timedelta(days=ago) for ago in range(DAYS - 1, -1, -1)]
    ids = list(key_ids)
    rows = session().scalars(select(KeyDay).where(KeyDay.key_id.in_(ids), KeyDay.day >= days[0]))
    stored = {(row.key_id, row.day): _day(row) for row in rows}
    return {key_id: [stored.get((key_id, day), Day(day)) for day in days] for key_id in ids}


def delete_old() -> int:
    """Deletes days that no strip shows anymore. Returns how many."""
    with transaction() as current:
        deleted = current.execute(delete(KeyDay).where(KeyDay.day < clock.today() - KEPT_FOR))
    return int(getattr(deleted, "rowcount", 0))


def _day(row: KeyDay) -> Day:
    return Day(
        row.day,
        row.requests,
        row.requests_failed,
        row.checks_passed,
        row.checks_failed,
        row.refusals,
    )
