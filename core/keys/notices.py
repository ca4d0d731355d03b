"""Notifies people and programs that a key broke and that it works again: once each.

Deliveries are written in the verdict's own transaction: emails to the members who manage keys, and a
call of the workspace's webhook.
"""

from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session

from core import clock
from core.accounts.models import Workspace
from core.accounts.recipients import emails_allowing
from core.keys.models import ProviderKey
from core.outbox import emails
from core.providers import catalogue
from core.webhooks import endpoints

Silenced = Callable[[str, str], list[str]]

_silenced: Silenced = lambda _workspace_id, _provider: []  # noqa: E731


def configure(silenced: Silenced) -> None:
    """Called once by `create_app`. `silenced` returns the names of the bots that use a provider's key."""
    global _silenced
    _silenced = silenced


def notify_broken(current: Session, key: ProviderKey) -> list[str]:
    """Writes the deliveries and returns their ids, for `send_soon` after the transaction."""
    facts = _facts(current, key) | {"reason": key.reason, "words": key.provider_words}
    return _notify(current, key, "key_broken", "key.broken", facts)


def notify_recovered(current: Session, key: ProviderKey) -> list[str]:
    since = key.told_broken_at
    facts = _facts(current, key) | {"broken_at": since.isoformat() if since else ""}
    return _notify(current, key, "key_recovered", "key.recovered", facts)


def _facts(current: Session, key: ProviderKey) -> dict[str, Any]:
    workspace = current.get_one(Workspace, key.workspace_id)
    return {
        "workspace": workspace.name,
        "slug": workspace.slug,
        "provider": catalogue.provider(key.provider).name,
        "mask": key.mask,
        "bots": _silenced(key.workspace_id, key.provider),
        "at": clock.now().isoformat(timespec="seconds"),
    }


def _notify(
    current: Session, key: ProviderKey, template: str, event: str, facts: dict[str, Any]
) -> list[str]:
    delivery_ids = [
        emails.add(current, template, email, key.workspace_id, **facts)
        for email in emails_allowing(current, key.workspace_id, "keys.manage")
    ]
    webhook_delivery_id = endpoints.add(current, key.workspace_id, event, facts)
    return [*delivery_ids, webhook_delivery_id] if webhook_delivery_id else delivery_ids
