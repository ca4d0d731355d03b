"""How a month's quota was used: which answers counted, and why others didn't."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, func, select

from core import clock
from core.accounts.models import Workspace
from core.bots.models import ANSWER, COMPLETE, PENDING, Message, QuotaPeriod
from core.bots.quota import quota
from core.bots.quota.quota import Quota
from core.bots.visitors import TOKEN_LIFE
from core.db import session

ANSWERED, CACHED, UNKNOWN, STOPPED, RUNNING = "answered", "cached", "unknown", "stopped", "running"


@dataclass
class Use:
    """`counted` by kind of answer, `not_counted` by reason, from the answers that still exist.

    `gone`: counted answers whose conversation was deleted.
    """

    standing: Quota
    given_back: int
    counted: Counter[str] = field(default_factory=Counter)
    not_counted: Counter[str] = field(default_factory=Counter)

    @property
    def gone(self) -> int:
        return max(0, self.standing.used - self.counted.total())


def this_month(workspace: Workspace) -> Use:
    """Grouped by the month that the message counts in: a retried message may be older than the month."""
    period = clock.period_of(clock.now())
    month = session().get(QuotaPeriod, (workspace.id, period), populate_existing=True)
    use = Use(quota.status(workspace), month.given_back if month else 0)
    for row in _groups(workspace.id):
        if row.quota_period == period:
            use.counted[_kind(row)] += row.messages
        elif not row.quota_period and row.failure and row.of_this_month:
            use.not_counted[row.failure] += row.messages
    return use


def _kind(row: Row[Any]) -> str:
    if row.status == PENDING:
        return RUNNING
    if row.status != COMPLETE:
        return STOPPED
    if row.cached:
        return CACHED
    return ANSWERED if row.was_called else UNKNOWN


def _groups(workspace_id: str) -> list[Row[Any]]:
    begins = clock.start_of_period(clock.now())
    called = (Message.provider != "").label("was_called")
    of_this_month = (Message.created_at >= begins).label("of_this_month")
    kept = (Message.status, Message.failure, Message.cached, Message.quota_period)
    what = (*kept, called, of_this_month)
    rows = session().execute(
        select(*what, func.count().label("messages"))
        .where(
            Message.workspace_id == workspace_id,
            Message.role == ANSWER,
            Message.created_at >= begins - TOKEN_LIFE,  # Until then it can be retried.
        )
        .group_by(*what)
    )
    found: Any = rows.all()
    return list(found)
