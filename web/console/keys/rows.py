"""A provider key as its row shows it: its state, the reason, and how to fix it."""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime

from core import clock
from core.accounts.models import Workspace
from core.bots.answers import failure_messages
from core.bots.models import Bot
from core.keys import health, states, store
from core.keys.health import Day
from core.keys.models import ProviderKey
from core.keys.pending import Check
from core.providers import catalogue
from core.providers.catalogue import Provider
from core.usage import reading
from web.console import request_cache
from web.console.keys.checks import CheckView, view_of

_WORDS = {
    "valid": "Valid",
    "invalid": "Invalid",
    "disabled": "Disabled",
    "dormant": "Inactive",
    "unreadable": "Unreadable",
}
_REASONS = {
    "rejected": "{name} rejected this key{on}: it was revoked or mistyped. Paste a new one; nothing else needs to change.",
    "no_credit": "{name} says this key’s account has no credit left{on}. Top it up there, then test the key.",
    "no_permission": "{name} said{on} that this key lacks a permission. Check its permissions there, then test it.",
    "unreadable": "This key can’t be decrypted with the current encryption keys. Enter it again with Replace.",
}
_KINDS = {
    "good": "{} OK",
    "warning": "{} with failures",
    "bad": "refused on {}",
    "none": "{} without use",
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
    days: list[Day]
    check: CheckView | None = None

    @property
    def state_word(self) -> str:
        return _WORDS[self.state]

    @property
    def sentence(self) -> str:
        if self.state == "dormant":
            return (
                "This plan doesn’t include provider keys. The key stays encrypted and works again "
                "when you upgrade."
            )
        if self.state not in ("invalid", "unreadable"):
            return self.key.note
        since = self.key.status_since
        on = f" on {since.day} {since.strftime('%b, %H:%M')} UTC"
        return _REASONS[self.key.reason].format(name=self.provider.name, on=on)

    @property
    def since(self) -> datetime:
        return self.key.status_since

    @property
    def is_broken(self) -> bool:
        return self.state in ("invalid", "unreadable")

    @property
    def next_check_at(self) -> datetime | None:
        """When a broken key is checked next; None for a disabled key."""
        return self.key.recheck_at if self.is_broken and self.key.enabled else None

    @property
    def health_text(self) -> str:
        """The health strip in words, for screen readers."""
        kinds = Counter(day.kind for day in self.days)
        if len(kinds) == 1 and kinds["none"]:
            return "This key wasn’t used or checked in the last 30 days."
        parts = [text.format(_days(kinds[kind])) for kind, text in _KINDS.items() if kinds[kind]]
        return f"Last 30 days: {', '.join(parts)}."

    @property
    def lacking(self) -> list[str]:
        """The models that this key has no access to, by name."""
        return [failure_messages.names(model_id)[0] for model_id in self.key.unavailable_models]

    @property
    def age_days(self) -> int:
        return (clock.now() - self.key.set_at).days

    @property
    def is_old(self) -> bool:
        return clock.now() - self.key.set_at > store.OLD_AFTER


def rows_of(workspace: Workspace) -> list[KeyRow]:
    """The workspace's keys, broken ones first."""
    tokens = reading.tokens_by_key(workspace.id, clock.start_of_period(clock.now()).date())
    used_by, keys = bots_by_provider(workspace), request_cache.keys_of(workspace)
    days = health.strips(key.id for key in keys)
    rows = [
        KeyRow(
            key,
            catalogue.provider(key.provider),
            states.state_of(key, workspace.plan.provider_keys),
            used_by.get(key.provider, []),
            tokens.get(key.id, 0),
            days[key.id],
        )
        for key in keys
    ]
    return sorted(rows, key=lambda row: (_BROKEN_FIRST.index(row.state), row.provider.name))


def without_use(key: ProviderKey, workspace: Workspace, made: list[Bot]) -> KeyRow:
    """A row without usage figures, which would need queries."""
    state = states.state_of(key, workspace.plan.provider_keys)
    used_by = [bot for bot in made if bot.provider == key.provider]
    return KeyRow(key, catalogue.provider(key.provider), state, used_by, 0, [])


def row_of(workspace: Workspace, provider: str, check: Check | None = None) -> KeyRow:
    """One row, with its running check, if any; raises `NotFound`."""
    key = store.get(workspace.id, provider)
    row = next(row for row in rows_of(workspace) if row.key.id == key.id)
    return replace(row, check=view_of(check, workspace) if check else None)


def bots_by_provider(workspace: Workspace) -> dict[str, list[Bot]]:
    found: dict[str, list[Bot]] = {}
    for bot in request_cache.bots_of(workspace):
        found.setdefault(bot.provider, []).append(bot)
    return found


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count} days"
