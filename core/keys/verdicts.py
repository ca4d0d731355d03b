"""Passes verdicts on stored keys. Each names the version it is about: one about n never touches n + 1.

The row is read and written in one transaction, together with the audit line, the day's count and
what is told to people. A live refusal flips a key at once but is told only when the check that
confirms it has not passed: a key that merely lacks one model breaks nobody's evening.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core import clock
from core.accounts import audit
from core.accounts.actor import MEVICHAT
from core.db import changed_one, transaction
from core.keys import fingerprints, health, notices, states
from core.keys.models import INVALID, VALID, ProviderKey
from core.keys.states import BROKE, RECOVERED, Outcome, Standing, Verdict
from core.outbox import deliveries
from core.providers.failures import Failure, FailureKind, is_key_fault

LIVE, USE = "live", "use"
"""By an answer that was refused, and by a secret that would not open: not by a check."""
CONFIRMED_WITHIN = timedelta(seconds=60)
UNREADABLE_PAUSE = timedelta(minutes=1)
PAUSES = tuple(timedelta(minutes=minutes) for minutes in (5, 15, 60, 180, 720))
LONGEST_PAUSE = timedelta(days=1)


def record_check(
    key: ProviderKey, verdict: Verdict, by: str, unavailable: Iterable[str] = (), note: str = ""
) -> str:
    """A check of this version ended so. Returns the news: broke, recovered, or neither.

    `unavailable` are models that the key may not use, `note` a sentence about that.
    """
    passed = verdict.outcome is Outcome.passed
    found = {"unavailable_models": sorted(unavailable), "note": note[:200]}
    more: dict[str, Any] = found if passed else {}
    return _pass(key.id, key.version, verdict, by, more)


def record_refusal(key_id: str, version: int, failure: Failure, model_id: str) -> bool:
    """A live request was refused. Returns whether that has just made this version invalid.

    Only the key's own faults do; a model that the key is known not to have says nothing new.
    """
    if not is_key_fault(failure):
        return False
    verdict = states.verdict_of(failure)
    known = model_id if failure.kind is FailureKind.no_permission else ""
    return _pass(key_id, version, verdict, LIVE, {}, unless_known=known) == BROKE


def record_unreadable(key: ProviderKey, by: str = USE) -> None:
    """No ring key opens this version."""
    _pass(key.id, key.version, states.CANNOT_BE_READ, by, {})


def next_check_at(standing: Standing, verdict: Verdict, by: str, failed: int) -> datetime:
    """When the schedule looks at the key next. A pure decision but for the clock."""
    now = clock.now()
    if by == LIVE:
        return now + CONFIRMED_WITHIN
    if standing.reason == states.UNREADABLE:
        return now + UNREADABLE_PAUSE
    if standing.status == VALID and verdict.outcome is Outcome.passed:
        return now + LONGEST_PAUSE
    return now + (PAUSES[failed] if failed < len(PAUSES) else LONGEST_PAUSE)


def _pass(
    key_id: str,
    version: int,
    verdict: Verdict,
    by: str,
    more: dict[str, Any],
    unless_known: str = "",
) -> str:
    with transaction() as current:
        key = _locked(current, key_id, version)
        if key is None or (unless_known and unless_known in key.unavailable_models):
            return states.STILL
        before = Standing(key.status, key.reason)
        now = states.after(before, verdict)
        values = more | _timing(key, now, verdict, by) | _words(before, now, verdict)
        values |= fingerprints.renewed(current, key)
        if not _write(current, key, before, values):
            return states.STILL
        told = states.news(before, now)
        _record(current, key, verdict, by, told)
        letters = _notify(current, key, now, by)
    deliveries.send_soon(*letters)
    return told


def _locked(current: Session, key_id: str, version: int) -> ProviderKey | None:
    """This version's row, held until the transaction ends; None if it is gone or replaced."""
    return current.scalar(
        select(ProviderKey)
        .where(ProviderKey.id == key_id, ProviderKey.version == version)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def _timing(key: ProviderKey, now: Standing, verdict: Verdict, by: str) -> dict[str, Any]:
    counted = key.rechecks_failed + (verdict.outcome is not Outcome.passed and by != LIVE)
    failed = 0 if verdict.outcome is Outcome.passed else counted
    return {
        "checked_at": clock.now(),
        "checked_by": by,
        "rechecks_failed": failed,
        "recheck_at": next_check_at(now, verdict, by, key.rechecks_failed),
    }


def _words(before: Standing, now: Standing, verdict: Verdict) -> dict[str, Any]:
    """What the row tells of the verdict; an unsure one changes nothing of it."""
    if verdict.outcome is Outcome.unsure:
        return {}
    told: dict[str, Any] = {
        "status": now.status,
        "reason": now.reason,
        "provider_words": verdict.words,
        "provider_request_id": verdict.request_id,
    }
    return told if before.status == now.status else told | {"status_since": clock.now()}


def _write(current: Session, key: ProviderKey, before: Standing, values: dict[str, Any]) -> bool:
    written = changed_one(
        current,
        update(ProviderKey)
        .where(
            ProviderKey.id == key.id,
            ProviderKey.version == key.version,
            ProviderKey.status == before.status,
        )
        .values(**values)
        .execution_options(synchronize_session=False),
    )
    current.refresh(key)
    return written


def _record(current: Session, key: ProviderKey, verdict: Verdict, by: str, told: str) -> None:
    """The day's count, and a line in the audit log for what is news."""
    refused = verdict.outcome is Outcome.refused
    events = {"refusals": 1} if refused else {}
    if by not in (LIVE, USE):
        passed = verdict.outcome is Outcome.passed
        events |= {"checks_passed": 1} if passed else {"checks_failed": 1}
    if events:
        health.count(current, key.id, **events)
    if told == BROKE:
        facts = {"reason": key.reason, "version": key.version, "by": by}
        audit.record(current, key.workspace_id, MEVICHAT, "key.invalidated", key.provider, **facts)
    elif told == RECOVERED:
        audit.record(
            current, key.workspace_id, MEVICHAT, "key.recovered", key.provider, version=key.version
        )


def _notify(current: Session, key: ProviderKey, now: Standing, by: str) -> list[str]:
    """Once for each break that a check did not take back, once for the recovery from it."""
    if now.status == INVALID and by != LIVE and key.told_broken_at is None:
        told, letters = clock.now(), notices.notify_broken(current, key)
    elif now.status == VALID and key.told_broken_at is not None:
        told, letters = None, notices.notify_recovered(current, key)
    else:
        return []
    current.execute(update(ProviderKey).where(ProviderKey.id == key.id).values(told_broken_at=told))
    return letters
