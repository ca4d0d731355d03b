"""Stores a key that has just passed its check: as a new row, or in place of the old secret, in one step.

A replaced key keeps its row and raises its version. Requests in flight finish on the secret that they
opened; every one that starts after the commit opens the new one.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core import clock
from core.accounts import audit
from core.accounts.actor import Actor
from core.db import session, transaction
from core.errors import Conflict
from core.keys import health, notices, paste, store, verdicts
from core.keys.fingerprints import fingerprint
from core.keys.models import VALID, ProviderKey
from core.outbox import deliveries
from core.providers import catalogue
from core.secrets import vault

_ADDED_MEANWHILE = "Somebody else stored a key for this provider meanwhile. Look at its row."
_DELETED_MEANWHILE = "The key was deleted while its replacement was checked. Add it as a new key."


@dataclass(frozen=True)
class Proof:
    """The check that a secret has just passed: it is saved once for each."""

    check_id: str
    unavailable_models: tuple[str, ...] = ()


def save(
    workspace_id: str,
    provider_slug: str,
    secret: str,
    actor: Actor,
    proof: Proof,
    expected: str | None = None,
) -> ProviderKey:
    """Stores a key that has just passed its check, as a new row or in place of the old secret.

    Idempotent by the proof's check, since a job may run twice. `expected` is the id of the key that was
    there when the check began ("" for none): raises `Conflict` if somebody changed that meanwhile.
    """
    letters: list[str] = []
    with transaction() as current:
        stored = current.scalar(_row_of(workspace_id, provider_slug).with_for_update())
        if stored is None or stored.saved_by_check != proof.check_id:
            _refuse_the_unexpected(stored, expected)
            values = _values(current, workspace_id, provider_slug, secret, proof)
            letters = _put(current, stored, workspace_id, provider_slug, values, actor)
    deliveries.send_soon(*letters)
    session().expire_all()
    return store.get(workspace_id, provider_slug)


def _row_of(workspace_id: str, provider: str) -> Any:
    return (
        select(ProviderKey)
        .where(ProviderKey.workspace_id == workspace_id, ProviderKey.provider == provider)
        .execution_options(populate_existing=True)
    )


def _refuse_the_unexpected(stored: ProviderKey | None, expected: str | None) -> None:
    if expected is None or expected == (stored.id if stored else ""):
        return
    raise Conflict(_DELETED_MEANWHILE if stored is None else _ADDED_MEANWHILE)


def _values(
    current: Session, workspace_id: str, provider_slug: str, secret: str, proof: Proof
) -> dict[str, Any]:
    """Everything that comes with a new secret: what the last one was blamed for is gone."""
    now = clock.now()
    return {
        "sealed": vault.seal(secret, vault.key_context(workspace_id, provider_slug)),
        "ring_key": vault.ring_key_names()[0],
        "mask": paste.mask(secret, catalogue.provider(provider_slug)),
        "fingerprint": fingerprint(current, secret, workspace_id),
        "saved_by_check": proof.check_id,
        "unavailable_models": sorted(proof.unavailable_models),
        **{"status": VALID, "reason": "", "provider_words": "", "provider_request_id": ""},
        **{"note": "", "status_since": now, "checked_at": now, "checked_by": "save"},
        **{"recheck_at": now + verdicts.LONGEST_PAUSE, "rechecks_failed": 0},
    }


def _put(
    current: Session,
    stored: ProviderKey | None,
    workspace_id: str,
    provider: str,
    values: dict[str, Any],
    actor: Actor,
) -> list[str]:
    """A new row, or the next version of the one there is. Returns the letters to send."""
    if stored is None:
        added = ProviderKey(
            workspace_id=workspace_id, provider=provider, added_by=actor.name, **values
        )
        _insert(current, added)
        health.count(current, added.id, checks_passed=1)
        audit.record(current, workspace_id, actor, "key.added", provider, now=added.mask)
        return []
    was = stored.mask
    more = {"version": stored.version + 1, "replaced_by": actor.name, "replaced_at": clock.now()}
    for name, value in {**values, **more}.items():
        setattr(stored, name, value)
    letters = notices.notify_recovered(current, stored) if stored.told_broken_at else []
    stored.told_broken_at = None
    current.flush()
    health.count(current, stored.id, checks_passed=1)
    audit.record(current, workspace_id, actor, "key.replaced", provider, was=was, now=stored.mask)
    return letters


def _insert(current: Session, added: ProviderKey) -> None:
    current.add(added)
    try:
        current.flush()
    except IntegrityError:
        raise Conflict(_ADDED_MEANWHILE) from None
