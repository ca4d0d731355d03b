"""The verbs of a stored key. Each is one conditional update, so that none overtakes another.

A verdict names the version it is about: one about version n never touches n + 1. The secret itself
passes through `save` and `use` only.
"""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Row, delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core import clock
from core.accounts.models import Workspace
from core.db import changed_one, session, transaction
from core.errors import Conflict, NotFound, Unreadable
from core.keys import paste, vault
from core.keys.fingerprints import fingerprint
from core.keys.models import INVALID, VALID, ProviderKey
from core.providers import catalogue
from core.providers.failures import Failure, is_key_fault

OLD_AFTER = timedelta(days=90)
UNREADABLE = "unreadable"

_ADDED_MEANWHILE = "Somebody else stored a key for this provider meanwhile. Look at its row."
_DELETED_MEANWHILE = "The key was deleted while its replacement was checked. Add it as a new key."


@dataclass(frozen=True)
class Unusable:
    """Why a workspace's key cannot serve now: `reason` is stable and for programs."""

    reason: str


@dataclass(frozen=True)
class Usable:
    """Which key serves: the secret travels beside this, never in it."""

    key_id: str
    version: int
    provider: str


def keys_of(workspace_id: str) -> list[ProviderKey]:
    rows = session().scalars(select(ProviderKey).where(ProviderKey.workspace_id == workspace_id))
    return list(rows)


def find(workspace_id: str, provider: str) -> ProviderKey | None:
    return session().scalar(
        select(ProviderKey).where(
            ProviderKey.workspace_id == workspace_id, ProviderKey.provider == provider
        )
    )


def by_id(key_id: str) -> ProviderKey | None:
    return session().get(ProviderKey, key_id)


def get(workspace_id: str, provider: str) -> ProviderKey:
    """The workspace's key for that provider; raises `NotFound`."""
    found = find(workspace_id, provider)
    if found is None:
        raise NotFound("This workspace has no key for that provider.")
    return found


def why_unusable(key: ProviderKey | None, workspace: Workspace) -> str:
    """The first reason against using the key, or "": the plan, its absence, the switch, its status."""
    if not workspace.plan.provider_keys:
        return "plan_without_keys"
    if key is None:
        return "no_key"
    if not key.enabled:
        return "key_disabled"
    return "" if key.status == VALID else f"key_{key.reason}"


def use(workspace: Workspace, provider: str) -> tuple[Usable, str] | Unusable:
    """The key that serves this workspace's requests to a provider now, with its secret in the clear."""
    key = find(workspace.id, provider)
    if reason := why_unusable(key, workspace):
        return Unusable(reason)
    assert key is not None
    try:
        secret = vault.open_sealed(key.sealed, key.place)
    except Unreadable:
        mark_unreadable(key)
        return Unusable(f"key_{UNREADABLE}")
    return Usable(key.id, key.version, provider), secret


def save(
    workspace_id: str,
    provider_slug: str,
    secret: str,
    by: str,
    check_id: str,
    expected: str | None = None,
) -> ProviderKey:
    """Stores a key that has just passed its check, as a new row or in place of the old secret.

    Idempotent by `check_id`, since a job may run twice. `expected` is the id of the key that was there
    when the check began ("" for none): raises `Conflict` if somebody changed that meanwhile.
    """
    try:
        with transaction() as current:
            values = _checked_values(current, workspace_id, provider_slug, secret, check_id)
            stored = _stored(current, workspace_id, provider_slug)
            if stored is None or stored.saved_by_check != check_id:
                _refuse_the_unexpected(stored, expected)
                _put(current, stored, workspace_id, provider_slug, values, by)
    except IntegrityError:
        raise Conflict(_ADDED_MEANWHILE) from None
    session().expire_all()
    return get(workspace_id, provider_slug)


def _checked_values(
    current: Session, workspace_id: str, provider_slug: str, secret: str, check_id: str
) -> dict[str, object]:
    return {
        "sealed": vault.seal(secret, vault.key_place(workspace_id, provider_slug)),
        "mask": paste.mask(secret, catalogue.provider(provider_slug)),
        "fingerprint": fingerprint(current, secret, workspace_id),
        "ring_key": vault.ring_key_names()[0],
        "saved_by_check": check_id,
        "checked_at": clock.now(),
        "checked_by": "save",
    }


def _stored(current: Session, workspace_id: str, provider: str) -> Row[str, str] | None:
    return current.execute(
        select(ProviderKey.id, ProviderKey.saved_by_check).where(
            ProviderKey.workspace_id == workspace_id, ProviderKey.provider == provider
        )
    ).first()


def _refuse_the_unexpected(stored: Row[str, str] | None, expected: str | None) -> None:
    if expected is None or expected == (stored.id if stored else ""):
        return
    raise Conflict(_DELETED_MEANWHILE if stored is None else _ADDED_MEANWHILE)


def _put(
    current: Session,
    stored: Row[str, str] | None,
    workspace_id: str,
    provider: str,
    values: dict[str, object],
    by: str,
) -> None:
    """A new row, or the next version of the one there is."""
    if stored is None:
        added = ProviderKey(workspace_id=workspace_id, provider=provider, added_by=by, **values)
        current.add(added)
        return
    current.execute(
        update(ProviderKey)
        .where(ProviderKey.id == stored.id)
        .values(
            **values,
            version=ProviderKey.version + 1,
            replaced_by=by,
            replaced_at=clock.now(),
            **_status(VALID),
        )
    )


def mark_invalid(key_id: str, version: int, failure: Failure, checked_by: str) -> bool:
    """The provider refused this version of the key. Returns whether that was news."""
    refused = _status(INVALID, failure.kind, failure.message)
    return _judge(key_id, version, VALID, checked_by, refused)


def mark_valid(key: ProviderKey, checked_by: str, note: str = "") -> bool:
    """A check of this version passed. Returns whether the key had been invalid."""
    if _judge(key.id, key.version, INVALID, checked_by, _status(VALID, note=note)):
        return True
    _judge(key.id, key.version, VALID, checked_by, {})
    return False


def note_failed_check(key: ProviderKey, failure: Failure, checked_by: str) -> None:
    """A check of this version did not pass: invalid if that is the key's fault, else only checked."""
    if not is_key_fault(failure):
        _judge(key.id, key.version, key.status, checked_by, {})
    elif not mark_invalid(key.id, key.version, failure, checked_by):
        latest: dict[str, object] = {
            "reason": str(failure.kind),
            "provider_words": failure.message[:400],
        }
        _judge(key.id, key.version, INVALID, checked_by, latest)


def mark_unreadable(key: ProviderKey) -> None:
    unreadable = _status(INVALID, UNREADABLE, Unreadable.sentence)
    _judge(key.id, key.version, VALID, "use", unreadable)


def _judge(key_id: str, version: int, was: str, checked_by: str, values: dict[str, object]) -> bool:
    """One verdict, if the key still is that version and that status; whether it was."""
    with transaction() as current:
        return changed_one(
            current,
            update(ProviderKey)
            .where(
                ProviderKey.id == key_id, ProviderKey.version == version, ProviderKey.status == was
            )
            .values(checked_at=clock.now(), checked_by=checked_by, **values),
        )


def _status(status: str, reason: str = "", words: str = "", note: str = "") -> dict[str, object]:
    return {
        "status": status,
        "reason": str(reason),
        "provider_words": words[:400],
        "note": note[:200],
        "status_since": clock.now(),
    }


def set_enabled(key: ProviderKey, enabled: bool) -> None:
    with transaction() as current:
        current.execute(update(ProviderKey).where(ProviderKey.id == key.id).values(enabled=enabled))


def remove(key: ProviderKey) -> None:
    with transaction() as current:
        current.execute(delete(ProviderKey).where(ProviderKey.id == key.id))


def note_used(current: Session, key_id: str) -> None:
    """Remembers the use in the caller's transaction, the one that stores what came of it."""
    current.execute(
        update(ProviderKey).where(ProviderKey.id == key_id).values(last_used_at=clock.now())
    )
