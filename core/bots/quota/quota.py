"""The message quota: one message is reserved when a turn is accepted, given back when it fails.

Counts messages, never tokens, per workspace and calendar month (UTC). Each change is one
conditional update in the caller's transaction, so concurrent requests never exceed the limit.
"""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core import clock
from core.accounts.models import Workspace
from core.bots.models import QuotaPeriod
from core.db import changed_one, insert_new, session

WARNING_PERCENT = 80
"""The percentage at which the first notice is sent."""


@dataclass(frozen=True)
class Quota:
    """A workspace's usage this month, in messages."""

    used: int
    limit: int
    resets_on: date
    projection: int | None

    @property
    def percent(self) -> int:
        return min(100, self.used * 100 // self.limit)


def reserve(current: Session, workspace_id: str, limit: int) -> str:
    """Takes one message of this month; returns the month it counts in, or "" when all are used."""
    period = clock.period_of(clock.now())
    if _take_one(current, workspace_id, period, limit):
        return period
    insert_new(current, QuotaPeriod, workspace_id=workspace_id, period=period, used=0)
    return period if _take_one(current, workspace_id, period, limit) else ""


def _take_one(current: Session, workspace_id: str, period: str, limit: int) -> bool:
    return changed_one(
        current,
        update(QuotaPeriod)
        .where(
            QuotaPeriod.workspace_id == workspace_id,
            QuotaPeriod.period == period,
            QuotaPeriod.used < limit,
        )
        .values(used=QuotaPeriod.used + 1),
    )


def release(current: Session, workspace_id: str, period: str) -> None:
    """Returns a reserved message to the month it was taken from."""
    current.execute(
        update(QuotaPeriod)
        .where(
            QuotaPeriod.workspace_id == workspace_id,
            QuotaPeriod.period == period,
            QuotaPeriod.used > 0,
        )
        .values(used=QuotaPeriod.used - 1, given_back=QuotaPeriod.given_back + 1)
    )


def status(workspace: Workspace) -> Quota:
    """This month's use against the plan, with a projection once two days have passed."""
    now = clock.now()
    used = session().scalar(
        select(QuotaPeriod.used).where(
            QuotaPeriod.workspace_id == workspace.id,
            QuotaPeriod.period == clock.period_of(now),
        )
    )
    resets_on = clock.next_period_starts_on(now)
    days_in_month = (resets_on - now.date().replace(day=1)).days
    projection = (used or 0) * days_in_month // now.day if now.day > 2 and used else None
    return Quota(used or 0, workspace.plan.messages_per_month, resets_on, projection)
