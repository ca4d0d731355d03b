"""Tells people and programs that a month's messages run out: at 80 %, and when all are used, once a month each.

What is to be told is written in the transaction that crosses the line: mails to whoever may manage the
plan, and a call of the workspace's webhook.
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
    """Which line that many messages are past: NEAR, FULL, or "". A pure decision."""
    if used >= limit:
        return FULL
    return NEAR if used * 100 >= limit * WARNING_PERCENT else ""


def notify(current: Session, workspace: Workspace) -> list[str]:
    """Writes the deliveries of a line that nobody was told of; their ids, for `send_soon` afterwards.

    Who is told that all are used needs no warning any more.
    """
    now, limit = clock.now(), workspace.plan.messages_per_month
    key = (workspace.id, clock.period_of(now))
    month = current.get(QuotaPeriod, key, populate_existing=True)
    crossed = threshold_crossed(month.used, limit) if month else ""
    if month is None or not crossed:
        return []
    told_at = QuotaPeriod.told_full_at if crossed == FULL else QuotaPeriod.told_near_at
    if getattr(month, told_at.key) is not None or not _first(current, key, told_at, now):
        return []
    if crossed == FULL:
        _first(current, key, QuotaPeriod.told_near_at, now)
    return _write(current, workspace, crossed, _facts(workspace, month.used, limit, now))


def _first(
    current: Session,
    key: tuple[str, str],
    told_at: InstrumentedAttribute[datetime | None],
    now: datetime,
) -> bool:
    """Whether this call, of all that find the line crossed, is the one that tells."""
    this_month = (QuotaPeriod.workspace_id == key[0]) & (QuotaPeriod.period == key[1])
    marked = update(QuotaPeriod).where(this_month, told_at.is_(None))
    return changed_one(current, marked.values({told_at: now}))


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
    told = [
        emails.add(current, f"quota_{crossed}", email, workspace.id, **shown)
        for email in emails_allowing(current, workspace.id, "plan.manage")
    ]
    called = endpoints.add(current, workspace.id, f"quota.{crossed}", facts)
    return [*told, called] if called else told


def _shown(day: date) -> str:
    return f"{day.day} {day:%B %Y}"
