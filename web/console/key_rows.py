"""A provider key as its row shows it: state in a word, reason and way out in a sentence."""

from dataclasses import dataclass
from datetime import datetime

from core import clock
from core.accounts.models import Workspace
from core.bots import bots, conversations
from core.bots.models import Bot
from core.keys import life
from core.keys.models import VALID, ProviderKey
from core.keys.pending import Check
from core.providers import catalogue
from core.providers.catalogue import Provider
from web.console.check_view import CheckView, view_of

_WORDS = {
    "valid": "Valid",
    "invalid": "Invalid",
    "disabled": "Disabled",
    "dormant": "Dormant",
    "unreadable": "Unreadable",
}
_REASONS = {
    "rejected": "{name} rejected this key{on}: it was revoked or mistyped. Paste a new one; nothing else needs to change.",
    "no_credit": "{name} says the account behind this key has no credit left{on}. Top it up there, then test the key.",
    "no_permission": "{name} refused this key a permission{on}. Check its permissions there, then test it.",
    "unreadable": "This key can no longer be read with the encryption keys in use. Enter it again with Replace.",
}
_BROKEN_FIRST = ("unreadable", "invalid", "dormant", "disabled", "valid")


@dataclass(frozen=True)
class KeyRow:
    """The stored key, and what a page says about it."""

    key: ProviderKey
    provider: Provider
    state: str
    bots: list[Bot]
    tokens_this_month: int
    check: CheckView | None = None

    @property
    def state_word(self) -> str:
        return _WORDS[self.state]

    @property
    def sentence(self) -> str:
        if self.state == "dormant":
            return "This plan has no provider keys. The key stays encrypted and comes back with an upgrade."
        if self.state not in ("invalid", "unreadable"):
            return self.key.note
        since = self.key.status_since
        on = f" on {since.day} {since.strftime('%b, %H:%M')} UTC"
        return _REASONS[self.key.reason].format(name=self.provider.name, on=on)

    @property
    def since(self) -> datetime:
        return self.key.status_since

    @property
    def age_days(self) -> int:
        return (clock.now() - self.key.set_at).days

    @property
    def is_old(self) -> bool:
        return clock.now() - self.key.set_at > life.OLD_AFTER


def rows_of(workspace: Workspace) -> list[KeyRow]:
    """The workspace's keys, broken ones first."""
    tokens = conversations.tokens_by_provider(workspace.id, clock.start_of_period(clock.now()))
    used_by = bots_by_provider(workspace.id)
    rows = [
        KeyRow(
            key,
            catalogue.provider(key.provider),
            _state(key, workspace),
            used_by.get(key.provider, []),
            tokens.get(key.provider, 0),
        )
        for key in life.keys_of(workspace.id)
    ]
    return sorted(rows, key=lambda row: (_BROKEN_FIRST.index(row.state), row.provider.name))


def row_of(workspace: Workspace, provider: str, check: Check | None = None) -> KeyRow:
    """One row, with the check that runs on it, if any; raises `NotFound`."""
    key = life.get(workspace.id, provider)
    row = next(row for row in rows_of(workspace) if row.key.id == key.id)
    checked = view_of(check, workspace) if check else None
    return KeyRow(row.key, row.provider, row.state, row.bots, row.tokens_this_month, checked)


def bots_by_provider(workspace_id: str) -> dict[str, list[Bot]]:
    found: dict[str, list[Bot]] = {}
    for bot in bots.bots_of(workspace_id):
        found.setdefault(bot.model.provider, []).append(bot)
    return found


def _state(key: ProviderKey, workspace: Workspace) -> str:
    if not workspace.plan.provider_keys:
        return "dormant"
    if key.reason == life.UNREADABLE:
        return "unreadable"
    if key.status != VALID:
        return "invalid"
    return "valid" if key.enabled else "disabled"
