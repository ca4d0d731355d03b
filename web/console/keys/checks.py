"""A running or finished key check in words."""

from dataclasses import dataclass

from flask import url_for

from core.accounts.models import Workspace
from core.keys.pending import Check
from core.providers import catalogue
from core.providers.catalogue import Provider

_SENTENCES = {
    "waiting": "Starting the check…",
    "asking": "Asking {name} for a 16-token answer with this key…",
    "saved": "{name} accepted the key. It’s saved.",
    "passed": "{name} accepted the key.",
    "unchecked": "Couldn’t check the key. Nothing was changed.",
    "lost": "The check didn’t finish. Nothing was changed. Try again.",
}
_REFUSALS = {
    "rejected": "{name} rejected this key.",
    "no_credit": "{name} says this key’s account has no credit left.",
    "no_permission": "{name} says this key lacks a permission.",
    "unreadable": "The stored key can’t be decrypted. Enter it again.",
}
_FAILED = "The key wasn’t saved."


@dataclass(frozen=True)
class CheckView:
    id: str
    url: str
    state: str
    provider: Provider
    sentence: str
    provider_words: str = ""
    hint: str = ""
    mask: str = ""
    purpose: str = "save"
    pending: bool = False


def view_of(check: Check, workspace: Workspace) -> CheckView:
    provider = catalogue.provider(check.provider)
    sentence = _SENTENCES.get(check.state) or _REFUSALS.get(check.reason, _FAILED)
    return CheckView(
        id=check.id,
        url=url_for("provider_keys.check", slug=workspace.slug, check_id=check.id),
        state=check.state,
        provider=provider,
        sentence=sentence.format(name=provider.name),
        provider_words=check.words,
        hint=check.hint,
        mask=check.mask,
        purpose=check.purpose,
        pending=check.pending,
    )


def refused(provider: Provider, sentence: str) -> CheckView:
    """A paste that was rejected without a check, shown where the check's result would be."""
    return CheckView(id="", url="", state="refused", provider=provider, sentence=sentence)
