"""Stored keys: finding, using, enabling and deleting them. See `saving` and `verdicts` for the rest.

Each change is one conditional update, with its audit line in the same transaction. Only `use` returns
the secret itself.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import case, delete, select, update
from sqlalchemy.orm import Session

from core import clock
from core.accounts import audit
from core.accounts.actor import Actor
from core.accounts.models import Workspace
from core.db import changed_one, session, transaction
from core.errors import NotFound, Unreadable
from core.keys import health, states, verdicts
from core.keys.models import VALID, ProviderKey
from core.secrets import vault

OLD_AFTER = timedelta(days=90)


@dataclass(frozen=True)
class Unusable:
    """Why a workspace's key can't be used now. `reason` is stable and for programs."""

    reason: str


@dataclass(frozen=True)
class Usable:
    """The key that serves a request. Never holds the secret, which is passed separately."""

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
    """The workspace's key for that provider. Raises `NotFound`."""
    key = find(workspace_id, provider)
    if key is None:
        raise NotFound("This workspace has no key for that provider.")
    return key


def unusable_reason(key: ProviderKey | None, workspace: Workspace) -> str:
    """The first reason why the key can't be used, or "": see `states.unusable_reason`."""
    return states.unusable_reason(key, workspace.plan.provider_keys)


def use(workspace: Workspace, provider: str) -> tuple[Usable, str] | Unusable:
    """The key for this workspace's requests to a provider, with its decrypted secret."""
    key = find(workspace.id, provider)
    if reason := unusable_reason(key, workspace):
        return Unusable(reason)
    assert key is not None  # noqa: S101  (without a key there is a reason, see above)
    try:
        secret = vault.open_sealed(key.sealed, key.key_context)
    except Unreadable:
        verdicts.record_unreadable(key)
        return Unusable(f"key_{states.UNREADABLE}")
    return Usable(key.id, key.version, provider), secret


def set_enabled(key: ProviderKey, enabled: bool, actor: Actor) -> bool:
    """Enables or disables the key. Returns whether that changed it."""
    with transaction() as current:
        changed = changed_one(
            current,
            update(ProviderKey)
            .where(ProviderKey.id == key.id, ProviderKey.enabled != enabled)
            .values(enabled=enabled),
        )
        if changed:
            action = "key.enabled" if enabled else "key.disabled"
            audit.record(current, key.workspace_id, actor, action, key.provider, mask=key.mask)
    return changed


def remove(key: ProviderKey, actor: Actor) -> None:
    """Deletes the key. Raises `NotFound` if it is already deleted."""
    with transaction() as current:
        if not changed_one(current, delete(ProviderKey).where(ProviderKey.id == key.id)):
            raise NotFound("This key was already deleted.")
        audit.record(current, key.workspace_id, actor, "key.deleted", key.provider, mask=key.mask)


def mark_subscription(key: ProviderKey, name: str, url: str, actor: Actor) -> None:
    """Records the subscription that provisioned this key ("" for none)."""
    with transaction() as current:
        current.execute(
            update(ProviderKey)
            .where(ProviderKey.id == key.id)
            .values(subscription=name[:80], subscription_url=url[:300])
        )
        action = "key.subscription_set"
        audit.record(current, key.workspace_id, actor, action, key.provider, subscription=name[:80])


def record_used(current: Session, key_id: str, failed: bool) -> None:
    """Records a request in the caller's transaction, the one that stores its outcome.

    A successful request proves the key as a check would, so the next scheduled check is a day away.
    """
    now = clock.now()
    tomorrow = now + verdicts.LONGEST_PAUSE
    next_check_at = case((ProviderKey.status == VALID, tomorrow), else_=ProviderKey.recheck_at)
    values: dict[str, Any] = {"last_used_at": now} | (
        {} if failed else {"recheck_at": next_check_at}
    )
    update_key = update(ProviderKey).where(ProviderKey.id == key_id).values(values)
    if changed_one(current, update_key):
        health.count(current, key_id, requests=1, requests_failed=int(failed))
