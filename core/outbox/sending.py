"""One attempt at one delivery, by a worker: claims it, sends it, and records the outcome.

Each channel has a sender. Emails have theirs here; `create_app` registers the others.
No database connection is held while sending.
"""

from collections.abc import Callable
from typing import Any

from core import db
from core.db import transaction
from core.errors import Unreadable
from core.log import logger
from core.outbox import deliveries, emails
from core.outbox.models import EMAIL, Delivery
from core.outbox.smtp import EmailError, EmailRefused

UNREADABLE = "Its content can’t be decrypted with the current encryption keys."

Sender = Callable[[Delivery, dict[str, Any]], None]
"""Makes one attempt with the opened content and records the outcome on the delivery."""

log = logger(__name__)


def register(channel: str, sender: Sender) -> None:
    """Called by `create_app` for each channel but email."""
    _senders[channel] = sender


def send(delivery_id: str) -> None:
    """Sends the delivery if it is due and unclaimed. Failures are recorded in its row."""
    delivery = deliveries.claim(delivery_id)
    if delivery is None:
        return
    try:
        content = deliveries.content_of(delivery)
    except Unreadable:
        _give_up(delivery, UNREADABLE)
        return
    if delivery.attempts > deliveries.MAX_ATTEMPTS:
        _give_up(delivery, "Every attempt ended without a result.")
    else:
        _senders[delivery.channel](delivery, content)


def _send_email(delivery: Delivery, content: dict[str, Any]) -> None:
    db.release()
    try:
        emails.send(delivery, content)
    except EmailError as error:
        final = isinstance(error, EmailRefused)
        log.warning("mail_failed", delivery_id=delivery.id, error=error.message, final=final)
        with transaction() as current:
            deliveries.record_failure(current, delivery, error.message, final=final)
        return
    with transaction() as current:
        deliveries.record_delivered(current, delivery)


def _give_up(delivery: Delivery, why: str) -> None:
    log.error("delivery_given_up", delivery_id=delivery.id, why=why)
    with transaction() as current:
        deliveries.record_failure(current, delivery, why, final=True)


_senders: dict[str, Sender] = {EMAIL: _send_email}
