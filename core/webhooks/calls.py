"""Calls a webhook: signs the call, sends it with timeouts, and evaluates the response. No redirects."""

import json
from dataclasses import dataclass
from typing import Any

from core import clock, db
from core.db import transaction
from core.errors import Unreadable
from core.http import HttpError, Timeouts, request
from core.outbox import deliveries
from core.outbox.models import Delivery
from core.secrets import vault
from core.webhooks import endpoints, signatures
from core.webhooks.models import Webhook

LIMITS = Timeouts(connect_seconds=5, first_byte_seconds=7, stall_seconds=7, total_seconds=7)
GONE = 410
NO_SECRET = (
    "The signing secret can’t be decrypted with the current encryption keys. Create a new one."  # noqa: S105  (a message for people)
)


@dataclass(frozen=True)
class Answer:
    """`status` is 0 if there was no response; `error` is "" if the call was delivered."""

    status: int
    error: str


def send(delivery: Delivery, content: dict[str, Any]) -> None:
    """Makes one attempt and records the result: delivered, retry later, given up, or disabled."""
    webhook = endpoints.find(delivery.workspace_id or "")
    secret = _secret_of(webhook)
    if webhook is None or not webhook.enabled:
        _give_up(delivery, "The webhook was disabled before this was delivered.")
    elif secret is None:
        _give_up(delivery, NO_SECRET)
    else:
        db.release()
        _record(delivery, webhook, _call(delivery.id, webhook.url, secret, content))


def judged(status: int) -> Answer:
    """What an HTTP status means for the delivery. Pure."""
    if 200 <= status < 300:
        return Answer(status, "")
    if status == GONE:
        return Answer(status, "It answered 410 Gone, so it wants no further calls.")
    if 300 <= status < 400:
        return Answer(status, f"It answered {status}, a redirect. Redirects aren’t followed.")
    return Answer(status, f"It answered {status}.")


def body_of(content: dict[str, Any]) -> bytes:
    """The body of a call: the same bytes for every attempt."""
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def _secret_of(webhook: Webhook | None) -> str | None:
    try:
        return vault.open_sealed(webhook.sealed_secret, webhook.key_context) if webhook else None
    except Unreadable:
        return None


def _call(delivery_id: str, url: str, secret: str, content: dict[str, Any]) -> Answer:
    body = body_of(content)
    now = int(clock.now().timestamp())
    headers = signatures.headers(secret, delivery_id, now, body) | {
        "content-type": "application/json",
        "user-agent": "Mevichat",
    }
    public_only = not endpoints.private_allowed()
    try:
        with request(
            "POST", url, headers, body, timeouts=LIMITS, public_only=public_only
        ) as response:
            return judged(response.status)
    except HttpError as error:
        return Answer(0, error.message)


def _record(delivery: Delivery, webhook: Webhook, answer: Answer) -> None:
    delivery_ids: list[str] = []
    with transaction() as current:
        if not answer.error:
            deliveries.record_delivered(current, delivery, answer.status)
            endpoints.record_success(current, webhook)
        else:
            status, gone = answer.status or None, answer.status == GONE
            final = gone or delivery.event == endpoints.TEST
            deliveries.record_failure(current, delivery, answer.error, status, final=final)
            delivery_ids = endpoints.record_failure(current, webhook, answer.error, gone)
    deliveries.send_soon(*delivery_ids)


def _give_up(delivery: Delivery, why: str) -> None:
    with transaction() as current:
        deliveries.record_failure(current, delivery, why, final=True)
