"""Stores a key that has just passed its check, as a new row or replacing the old secret, atomically.

Replacing a key keeps its row and increments its version. Requests in flight finish with the old secret;
requests that start after the commit use the new one.
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

_ADDED_MEANWHILE = "Someone else just stored a key for this provider. Reload the page to see it."
_DELETED_MEANWHILE = (
    "This key was deleted while its replacement was being checked. Add it as a new key."
)


@dataclass(frozen=True)
class Proof:
    """The check that a secret has just passed; a secret is stored once per check."""

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
    """Stores a key that has just passed its check, as a new row or replacing the old secret.

    Idempotent per check, since a job may run twice. `expected` is the id of the key that was stored when
    the check started ("" for none): raises `Conflict` if that changed in the meantime.
    """
    delivery_ids: list[str] = []
    with transaction() as current:
        stored = current.scalar(_row_of(workspace_id, provider_slug).with_for_update())
        if stored is None or stored.saved_by_check != proof.check_id:
            _require_expected(stored, expected)
            values = _values(current, workspace_id, provider_slug, secret, proof)
            delivery_ids = _store(current, stored, workspace_id, provider_slug, values, actor)
    deliveries.send_soon(*delivery_ids)
    session().expire_all()
    return store.get(workspace_id, provider_slug)


def _row_of(workspace_id: str, provider: str) -> Any:
    return (
        select(ProviderKey)
        .where(ProviderKey.workspace_id == workspace_id, ProviderKey.provider == provider)
        .execution_options(populate_existing=True)
    )


def _require_expected(stored: ProviderKey | None, expected: str | None) -> None:
    if expected is None or expected == (stored.id if stored else ""):
        return
    raise Conflict(_DELETED_MEANWHILE if stored is None else _ADDED_MEANWHILE)


def _values(
    current: Session, workspace_id: str, provider_slug: str, secret: str, proof: Proof
) -> dict[str, Any]:
    """The columns of a new secret; resets what was recorded about the old one."""
    now = clock.now()
    return {
        "sealed": vault.seal(secret, vault.provider_key_context(workspace_id, provider_slug)),
        "ring_key": vault.ring_key_names()[0],
        "mask": paste.mask(secret, catalogue.provider(provider_slug)),
        "fingerprint": fingerprint(current, secret, workspace_id),
        "saved_by_check": proof.check_id,
        "unavailable_models": sorted(proof.unavailable_models),
        **{"status": VALID, "reason": "", "provider_words": "", "provider_request_id": ""},
        **{"note": "", "status_since": now, "checked_at": now, "checked_by": "save"},
        **{"recheck_at": now + verdicts.LONGEST_PAUSE, "rechecks_failed": 0},
    }


def _store(
    current: Session,
    stored: ProviderKey | None,
    workspace_id: str,
    provider: str,
    values: dict[str, Any],
    actor: Actor,
) -> list[str]:
    """Inserts a row, or updates the stored one to its next version. Returns the delivery ids."""
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
    delivery_ids = notices.notify_recovered(current, stored) if stored.told_broken_at else []
    stored.told_broken_at = None
    current.flush()
    health.count(current, stored.id, checks_passed=1)
    audit.record(current, workspace_id, actor, "key.replaced", provider, was=was, now=stored.mask)
    return delivery_ids


def _insert(current: Session, added: ProviderKey) -> None:
    current.add(added)
    try:
        current.flush()
    except IntegrityError:
        raise Conflict(_ADDED_MEANWHILE) from None
