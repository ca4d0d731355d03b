"""A stored key: found, used, switched, removed. It is stored in `saving`, judged in `verdicts`.

Each verb is one conditional update, with its audit line in the same transaction. The secret itself
passes through `use` only.
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


def unusable_reason(key: ProviderKey | None, workspace: Workspace) -> str:
    """The first reason against using the key, or "": see `states.why_unusable`."""
    return states.unusable_reason(key, workspace.plan.provider_keys)


def use(workspace: Workspace, provider: str) -> tuple[Usable, str] | Unusable:
    """The key that serves this workspace's requests to a provider now, with its secret in the clear."""
    key = find(workspace.id, provider)
    if reason := unusable_reason(key, workspace):
        return Unusable(reason)
    assert key is not None  # noqa: S101  (without a key there is a reason, see above)
    try:
        secret = vault.open_sealed(key.sealed, key.place)
    except Unreadable:
        verdicts.record_unreadable(key)
        return Unusable(f"key_{states.UNREADABLE}")
    return Usable(key.id, key.version, provider), secret


def set_enabled(key: ProviderKey, enabled: bool, actor: Actor) -> bool:
    """A person's switch. Returns whether it had stood the other way."""
    with transaction() as current:
        turned = changed_one(
            current,
            update(ProviderKey)
            .where(ProviderKey.id == key.id, ProviderKey.enabled != enabled)
            .values(enabled=enabled),
        )
        if turned:
            action = "key.enabled" if enabled else "key.disabled"
            audit.record(current, key.workspace_id, actor, action, key.provider, mask=key.mask)
    return turned


def remove(key: ProviderKey, actor: Actor) -> None:
    """Deletes the key; raises `NotFound` when somebody else just did."""
    with transaction() as current:
        if not changed_one(current, delete(ProviderKey).where(ProviderKey.id == key.id)):
            raise NotFound("This key was deleted already.")
        audit.record(current, key.workspace_id, actor, "key.deleted", key.provider, mask=key.mask)


def mark_subscription(key: ProviderKey, name: str, url: str, actor: Actor) -> None:
    """Says that a subscription provisioned this key (or, with "", that none did)."""
    with transaction() as current:
        current.execute(
            update(ProviderKey)
            .where(ProviderKey.id == key.id)
            .values(subscription=name[:80], subscription_url=url[:300])
        )
        action = "key.subscription_set"
        audit.record(current, key.workspace_id, actor, action, key.provider, subscription=name[:80])


def record_used(current: Session, key_id: str, failed: bool) -> None:
    """Remembers a request in the caller's transaction, the one that stores what came of it.

    One that went well proves the key as a check would: the schedule has no need to ask for a day.
    """
    now = clock.now()
    tomorrow = now + verdicts.LONGEST_PAUSE
    proven = case((ProviderKey.status == VALID, tomorrow), else_=ProviderKey.recheck_at)
    values: dict[str, Any] = {"last_used_at": now} | ({} if failed else {"recheck_at": proven})
    used = update(ProviderKey).where(ProviderKey.id == key_id).values(values)
    if changed_one(current, used):
        health.count(current, key_id, requests=1, requests_failed=int(failed))
