"""A workspace's webhook: its address, its signing secret, enabling and disabling. See `calls.py`, too.

The secret is sealed, and returned only by the function that creates it. A webhook that keeps failing is
disabled automatically, and people get an email.
"""

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from core import clock
from core.accounts import audit
from core.accounts.actor import MEVICHAT, Actor
from core.accounts.models import Workspace
from core.accounts.recipients import emails_allowing
from core.db import changed_one, insert_new, session, transaction
from core.errors import Conflict, Invalid, NotFound
from core.http import HttpError, checked_url
from core.outbox import deliveries, emails
from core.outbox.models import Delivery
from core.secrets import vault
from core.settings import Settings
from core.webhooks import signatures
from core.webhooks.models import WEBHOOK, Webhook

TEST = "test"
DISABLE_AFTER_FAILURES = 10
DISABLE_AFTER = timedelta(hours=1)

_private = False


def configure(settings: Settings) -> None:
    """Called once by `create_app`."""
    global _private
    _private = settings.private_webhooks


def private_allowed() -> bool:
    """Whether this deployment may call addresses on its own network."""
    return _private


def find(workspace_id: str) -> Webhook | None:
    return session().get(Webhook, workspace_id, populate_existing=True)


def set_url(workspace_id: str, url: str, actor: Actor) -> str | None:
    """Sets the address of the webhook. Returns the signing secret if this created it, else None.

    Raises `Invalid`. Changing the address keeps the secret and whether the webhook is enabled.
    """
    address = _checked(url)
    secret = signatures.new_secret()
    with transaction() as current:
        is_new = _insert(current, workspace_id, address, secret)
        if is_new or _move(current, workspace_id, address):
            _record(
                current, workspace_id, actor, "alert.webhook_set", host=urlsplit(address).netloc
            )
    return secret if is_new else None


def replace_secret(workspace_id: str, actor: Actor) -> str:
    """Creates a new signing secret for all further attempts. Raises `NotFound`."""
    secret = signatures.new_secret()
    sealed = vault.seal(secret, Webhook(workspace_id=workspace_id).key_context)
    with transaction() as current:
        if not changed_one(current, _change(workspace_id, sealed_secret=sealed)):
            raise NotFound("There’s no webhook yet. Enter an address first.")
        _record(current, workspace_id, actor, "alert.webhook_secret_replaced")
    return secret


def set_enabled(workspace_id: str, enabled: bool, actor: Actor) -> None:
    """Disabling gives up pending calls; enabling resets the failure count. Raises `NotFound`."""
    with transaction() as current:
        if current.get(Webhook, workspace_id) is None:
            raise NotFound("There’s no webhook yet. Enter an address first.")
        update_webhook = _change(workspace_id, enabled=enabled, failures=0, failing_since=None)
        if not changed_one(current, update_webhook.where(Webhook.enabled.is_(not enabled))):
            return
        action = "alert.webhook_enabled" if enabled else "alert.webhook_disabled"
        _record(current, workspace_id, actor, action)
        if not enabled:
            _give_up_waiting(current, workspace_id, "disabled")


def remove(workspace_id: str, actor: Actor) -> None:
    with transaction() as current:
        if changed_one(current, delete(Webhook).where(Webhook.workspace_id == workspace_id)):
            _record(current, workspace_id, actor, "alert.webhook_removed")
            _give_up_waiting(current, workspace_id, "removed")


def add(current: Session, workspace_id: str, event: str, data: dict[str, Any]) -> str | None:
    """Writes a call in the caller's transaction and returns its id; None without an enabled webhook."""
    webhook = current.get(Webhook, workspace_id, populate_existing=True)
    if webhook is None or not webhook.enabled:
        return None
    content = {"type": event, "timestamp": clock.now().isoformat(), "data": data}
    return deliveries.add(current, WEBHOOK, event, webhook.url, content, workspace_id)


def send_test(workspace: Workspace, actor: Actor) -> str:
    """Queues a call of type `test`, with a single attempt. Raises `Conflict` if disabled."""
    data = {"workspace": workspace.name, "slug": workspace.slug, "sent_by": actor.name}
    with transaction() as current:
        delivery_id = add(current, workspace.id, TEST, data)
    if delivery_id is None:
        raise Conflict("The webhook is disabled, so nothing was sent. Enable it first.")
    deliveries.send_soon(delivery_id)
    return delivery_id


def record_success(current: Session, webhook: Webhook) -> None:
    """Resets the failure count."""
    failing = _as_called(webhook).where(Webhook.failures > 0)
    current.execute(failing.values(failures=0, failing_since=None))


def record_failure(current: Session, webhook: Webhook, error: str, gone: bool = False) -> list[str]:
    """Counts the failure; disables the webhook after too many, or if the endpoint is `gone`.

    Returns the ids of the emails about that. Results for an earlier address don't count.
    """
    now = clock.now()
    since = func.coalesce(Webhook.failing_since, now)
    if not changed_one(
        current, _as_called(webhook).values(failures=Webhook.failures + 1, failing_since=since)
    ):
        return []
    too_many = (Webhook.failures >= DISABLE_AFTER_FAILURES) & (
        Webhook.failing_since < now - DISABLE_AFTER
    )
    off = _as_called(webhook).values(enabled=False)
    if not changed_one(current, off if gone else off.where(too_many)):
        return []
    why = "its endpoint answered 410 Gone" if gone else _long_failure(current, webhook)
    return _notify_disabled(current, webhook, why, error)


def _long_failure(current: Session, webhook: Webhook) -> str:
    count = current.scalar(
        select(Webhook.failures).where(Webhook.workspace_id == webhook.workspace_id)
    )
    return f"{count} calls in a row failed for more than an hour"


def _notify_disabled(current: Session, webhook: Webhook, why: str, error: str) -> list[str]:
    workspace = current.get_one(Workspace, webhook.workspace_id)
    _record(current, workspace.id, MEVICHAT, "alert.webhook_disabled", why=why)
    _give_up_waiting(current, workspace.id, "disabled")
    facts = {"workspace": workspace.name, "slug": workspace.slug, "why": why, "last_error": error}
    facts |= {"at": clock.now().isoformat(timespec="seconds"), "host": urlsplit(webhook.url).netloc}
    return [
        emails.add(current, "webhook_off", email, workspace.id, **facts)
        for email in emails_allowing(current, workspace.id, "alerts.manage")
    ]


def _checked(url: str) -> str:
    try:
        return checked_url(url.strip(), private=_private)
    except HttpError as error:
        raise Invalid(error.message, field="url") from None


def _insert(current: Session, workspace_id: str, address: str, secret: str) -> bool:
    context = Webhook(workspace_id=workspace_id).key_context
    return insert_new(
        current,
        Webhook,
        workspace_id=workspace_id,
        url=address,
        sealed_secret=vault.seal(secret, context),
        enabled=True,
        failures=0,
        changed_at=clock.now(),
    )


def _move(current: Session, workspace_id: str, address: str) -> bool:
    """Changes the address, of pending calls too. Returns whether it was a different one."""
    update_webhook = _change(workspace_id, url=address, failures=0, failing_since=None)
    if not changed_one(current, update_webhook.where(Webhook.url != address)):
        return False
    pending = update(Delivery).where(
        Delivery.workspace_id == workspace_id,
        Delivery.channel == WEBHOOK,
        Delivery.due_at.is_not(None),
    )
    current.execute(pending.values(recipient=address))
    return True


def _change(workspace_id: str, **values: Any) -> Any:
    """An update by a person, after which the results of earlier calls no longer count."""
    update_webhook = update(Webhook).where(Webhook.workspace_id == workspace_id)
    return update_webhook.values(changed_at=clock.now(), **values)


def _as_called(webhook: Webhook) -> Any:
    """An update that applies only if the webhook is enabled and unchanged since the call."""
    return (
        update(Webhook)
        .where(
            Webhook.workspace_id == webhook.workspace_id,
            Webhook.changed_at == webhook.changed_at,
            Webhook.enabled,
        )
        .execution_options(synchronize_session=False)
    )


def _give_up_waiting(current: Session, workspace_id: str, how: str) -> None:
    why = f"The webhook was {how} before this was delivered."
    deliveries.give_up_waiting(current, workspace_id, WEBHOOK, why)


def _record(current: Session, workspace_id: str, actor: Actor, action: str, **details: str) -> None:
    audit.record(current, workspace_id, actor, action, "webhook", **details)
