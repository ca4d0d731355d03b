"""Quota notices: at 80% and 100% of a month's messages, each sent once a month.

The deliveries are written in the transaction that crosses the threshold: emails to those who may manage
the plan, and a webhook call.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import InstrumentedAttribute, Session

from core import clock
from core.accounts.models import Workspace
from core.accounts.recipients import emails_allowing
from core.bots.models import QuotaPeriod
from core.bots.quota.quota import WARNING_PERCENT
from core.db import changed_one
from core.outbox import emails
from core.webhooks import endpoints

NEAR, FULL = "near", "full"


def threshold_crossed(used: int, limit: int) -> str:
    """Which threshold the used messages have crossed: NEAR, FULL, or ""."""
    if used >= limit:
        return FULL
    return NEAR if used * 100 >= limit * WARNING_PERCENT else ""


def notify(current: Session, workspace: Workspace) -> list[str]:
    """Writes the deliveries for a newly crossed threshold. Returns their ids, for `send_soon`.

    After the notice at 100% there is no warning at 80%.
    """
    now, limit = clock.now(), workspace.plan.messages_per_month
    key = (workspace.id, clock.period_of(now))
    month = current.get(QuotaPeriod, key, populate_existing=True)
    crossed = threshold_crossed(month.used, limit) if month else ""
    if month is None or not crossed:
        return []
    notified_column = QuotaPeriod.told_full_at if crossed == FULL else QuotaPeriod.told_near_at
    if getattr(month, notified_column.key) is not None or not _mark_first(
        current, key, notified_column, now
    ):
        return []
    if crossed == FULL:
        _mark_first(current, key, QuotaPeriod.told_near_at, now)
    return _write(current, workspace, crossed, _facts(workspace, month.used, limit, now))


def _mark_first(
    current: Session,
    key: tuple[str, str],
    notified_column: InstrumentedAttribute[datetime | None],
    now: datetime,
) -> bool:
    """Whether this call is the first to mark the threshold, and so sends the notice."""
    this_month = (QuotaPeriod.workspace_id == key[0]) & (QuotaPeriod.period == key[1])
    marked = update(QuotaPeriod).where(this_month, notified_column.is_(None))
    return changed_one(current, marked.values({notified_column: now}))


def _facts(workspace: Workspace, used: int, limit: int, now: datetime) -> dict[str, Any]:
    resets_on = clock.next_period_starts_on(now)
    return {
        "workspace": workspace.name,
        "slug": workspace.slug,
        "plan": workspace.plan.name,
        "used": used,
        "limit": limit,
        "left": max(0, limit - used),
        "resets_on": resets_on.isoformat(),
        "at": now.isoformat(timespec="seconds"),
    }


def _write(
    current: Session, workspace: Workspace, crossed: str, facts: dict[str, Any]
) -> list[str]:
    shown = facts | {"resets_on": _shown(date.fromisoformat(facts["resets_on"]))}
    email_ids = [
        emails.add(current, f"quota_{crossed}", email, workspace.id, **shown)
        for email in emails_allowing(current, workspace.id, "plan.manage")
    ]
    webhook_id = endpoints.add(current, workspace.id, f"quota.{crossed}", facts)
    return [*email_ids, webhook_id] if webhook_id else email_ids


def _shown(day: date) -> str:
    return f"{day.day} {day:%B %Y}"
