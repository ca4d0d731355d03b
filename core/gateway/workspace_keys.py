"""A workspace's provider keys for routing: encrypted, and cached until one of them changes.

Every change of a key raises its workspace's stamp (a trigger, migration 0005), and every request
reads the stamp, so the cache is never outdated.
"""

from collections import OrderedDict
from dataclasses import dataclass

from sqlalchemy import select

from core.db import session
from core.errors import Unreadable
from core.gateway.access import Caller
from core.keys import states, store, verdicts
from core.keys.models import VALID, ProviderKey
from core.secrets import vault

MAX_CACHED = 2_000


@dataclass(frozen=True, slots=True)
class Key:
    """One key. `sealed` can only be decrypted with its context."""

    id: str
    version: int
    provider: str
    key_context: str
    sealed: str
    enabled: bool
    why_unusable: str
    """"" if it is enabled and its status allows its use."""


_cache: OrderedDict[str, tuple[int, dict[str, Key]]] = OrderedDict()


def keys_of(caller: Caller) -> dict[str, Key]:
    """By provider; empty if the plan doesn't include keys."""
    if not caller.plan.provider_keys:
        return {}
    stamp, keys = _cache.get(caller.workspace_id, (-1, {}))
    if stamp == caller.keys_stamp:
        return keys
    keys = _read(caller.workspace_id)
    _cache[caller.workspace_id] = (caller.keys_stamp, keys)
    while len(_cache) > MAX_CACHED:
        _cache.popitem(last=False)
    return keys


def open_key(key: Key) -> str | None:
    """The secret in the clear, for a local variable only; None if it can't be decrypted."""
    try:
        return vault.open_sealed(key.sealed, key.key_context)
    except Unreadable:
        stored = store.by_id(key.id)
        if stored and stored.version == key.version:
            verdicts.record_unreadable(stored)
        return None


def _read(workspace_id: str) -> dict[str, Key]:
    rows = session().execute(_COLUMNS.where(ProviderKey.workspace_id == workspace_id))
    return {
        row.provider: Key(
            row.id,
            row.version,
            row.provider,
            vault.provider_key_context(workspace_id, row.provider),
            row.sealed,
            row.enabled,
            _why_unusable(row.enabled, row.status, row.reason),
        )
        for row in rows
    }


def _why_unusable(enabled: bool, status: str, reason: str) -> str:
    if not enabled:
        return states.WhyUnusable.key_disabled
    return "" if status == VALID else f"key_{reason}"


_COLUMNS = select(
    ProviderKey.id,
    ProviderKey.version,
    ProviderKey.provider,
    ProviderKey.sealed,
    ProviderKey.enabled,
    ProviderKey.status,
    ProviderKey.reason,
)
