"""Records verdicts on stored keys. Each is about one version: a verdict on n never changes n + 1.

The row is read and written in one transaction, together with the audit line, the day's count and the
notifications. A live refusal invalidates a key immediately, but people are notified only if the
confirming check fails too: a key that merely lacks access to one model alerts nobody.
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
"""Sources of a verdict other than checks: a live refusal, and a secret that can't be decrypted."""
CONFIRMED_WITHIN = timedelta(seconds=60)
UNREADABLE_PAUSE = timedelta(minutes=1)
PAUSES = tuple(timedelta(minutes=minutes) for minutes in (5, 15, 60, 180, 720))
LONGEST_PAUSE = timedelta(days=1)


def record_check(
    key: ProviderKey, verdict: Verdict, by: str, unavailable: Iterable[str] = (), note: str = ""
) -> str:
    """Records a check of this version. Returns the change: broke, recovered, or neither.

    `unavailable` are models that the key has no access to, `note` is a sentence about that.
    """
    passed = verdict.outcome is Outcome.passed
    access = {"unavailable_models": sorted(unavailable), "note": note[:200]}
    more: dict[str, Any] = access if passed else {}
    return _apply(key.id, key.version, verdict, by, more)


def record_refusal(key_id: str, version: int, failure: Failure, model_id: str) -> bool:
    """Records a live refusal. Returns whether it has just made this version invalid.

    Only the key's own faults do. A model that the key is known to have no access to changes nothing.
    """
    if not is_key_fault(failure):
        return False
    verdict = states.verdict_of(failure)
    model = model_id if failure.kind is FailureKind.no_permission else ""
    return _apply(key_id, version, verdict, LIVE, {}, unless_unavailable=model) == BROKE


def record_unreadable(key: ProviderKey, by: str = USE) -> None:
    """Records that no ring key decrypts this version."""
    _apply(key.id, key.version, states.CANNOT_BE_READ, by, {})


def next_check_at(standing: Standing, verdict: Verdict, by: str, failed: int) -> datetime:
    """When the schedule checks the key next. Pure, except for the clock."""
    now = clock.now()
    if by == LIVE:
        return now + CONFIRMED_WITHIN
    if standing.reason == states.UNREADABLE:
        return now + UNREADABLE_PAUSE
    if standing.status == VALID and verdict.outcome is Outcome.passed:
        return now + LONGEST_PAUSE
    return now + (PAUSES[failed] if failed < len(PAUSES) else LONGEST_PAUSE)


def _apply(
    key_id: str,
    version: int,
    verdict: Verdict,
    by: str,
    more: dict[str, Any],
    unless_unavailable: str = "",
) -> str:
    with transaction() as current:
        key = _locked(current, key_id, version)
        if key is None or (unless_unavailable and unless_unavailable in key.unavailable_models):
            return states.STILL
        before = Standing(key.status, key.reason)
        now = states.after(before, verdict)
        values = more | _timing(key, now, verdict, by) | _words(before, now, verdict)
        values |= fingerprints.renewed(current, key)
        if not _write(current, key, before, values):
            return states.STILL
        change = states.news(before, now)
        _record(current, key, verdict, by, change)
        delivery_ids = _notify(current, key, now, by)
    deliveries.send_soon(*delivery_ids)
    return change


def _locked(current: Session, key_id: str, version: int) -> ProviderKey | None:
    """This version's row, locked until the transaction ends; None if deleted or replaced."""
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
    """The columns about the verdict; an unsure one changes none."""
    if verdict.outcome is Outcome.unsure:
        return {}
    columns: dict[str, Any] = {
        "status": now.status,
        "reason": now.reason,
        "provider_words": verdict.words,
        "provider_request_id": verdict.request_id,
    }
    return columns if before.status == now.status else columns | {"status_since": clock.now()}


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


def _record(current: Session, key: ProviderKey, verdict: Verdict, by: str, change: str) -> None:
    """Updates the day's counts, and writes an audit line if the status changed."""
    refused = verdict.outcome is Outcome.refused
    events = {"refusals": 1} if refused else {}
    if by not in (LIVE, USE):
        passed = verdict.outcome is Outcome.passed
        events |= {"checks_passed": 1} if passed else {"checks_failed": 1}
    if events:
        health.count(current, key.id, **events)
    if change == BROKE:
        facts = {"reason": key.reason, "version": key.version, "by": by}
        audit.record(current, key.workspace_id, MEVICHAT, "key.invalidated", key.provider, **facts)
    elif change == RECOVERED:
        audit.record(
            current, key.workspace_id, MEVICHAT, "key.recovered", key.provider, version=key.version
        )


def _notify(current: Session, key: ProviderKey, now: Standing, by: str) -> list[str]:
    """Notifies once per confirmed break and once per recovery from it."""
    if now.status == INVALID and by != LIVE and key.told_broken_at is None:
        notified_at, delivery_ids = clock.now(), notices.notify_broken(current, key)
    elif now.status == VALID and key.told_broken_at is not None:
        notified_at, delivery_ids = None, notices.notify_recovered(current, key)
    else:
        return []
    notified = update(ProviderKey).where(ProviderKey.id == key.id)
    current.execute(notified.values(told_broken_at=notified_at))
    return delivery_ids
