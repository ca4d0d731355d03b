"""What happened with a key, day by day: counted with the event, shown as a strip of thirty squares."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from core import clock
from core.db import changed_one, insert_new, session, transaction
from core.keys.models import KeyDay

DAYS = 30
KEPT = timedelta(days=100)
_NOTHING = dict.fromkeys(
    ("requests", "requests_failed", "checks_passed", "checks_failed", "refusals"), 0
)


@dataclass(frozen=True)
class Day:
    """One square. `kind` is bad where the key was refused, warning where something else failed."""

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
    """The last thirty days of each key, oldest first; days without an event are there, empty."""
    days = [clock.today() - timedelta(days=ago) for ago in range(DAYS - 1, -1, -1)]
    wanted = list(key_ids)
    rows = session().scalars(select(KeyDay).where(KeyDay.key_id.in_(wanted), KeyDay.day >= days[0]))
    known = {(row.key_id, row.day): _shown(row) for row in rows}
    return {key_id: [known.get((key_id, day), Day(day)) for day in days] for key_id in wanted}


def delete_old() -> int:
    """Removes days that no strip shows any more. Returns how many."""
    with transaction() as current:
        gone = current.execute(delete(KeyDay).where(KeyDay.day < clock.today() - KEPT))
    return int(getattr(gone, "rowcount", 0))


def _shown(row: KeyDay) -> Day:
    return Day(
        row.day,
        row.requests,
        row.requests_failed,
        row.checks_passed,
        row.checks_failed,
        row.refusals,
    )
