"""A delivery as a row of the log: event, recipient, state and next attempt."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from core import clock
from core.outbox import deliveries
from core.outbox.models import EMAIL, Delivery

SOON = timedelta(seconds=15)
_WORDS = {
    "waiting": "Pending",
    "sending": "Sending",
    "retrying": "Retrying",
    "arrived": "Delivered",
    "given_up": "Failed",
}
_TITLES = {
    "key.broken": "Key broken",
    "key_broken": "Key broken",
    "key.recovered": "Key works again",
    "key_recovered": "Key works again",
    "quota.near": "80% of messages used",
    "quota_near": "80% of messages used",
    "quota.full": "All messages used",
    "quota_full": "All messages used",
    "webhook_off": "Webhook disabled",
    "invitation": "Invitation",
    "test": "Test",
}


@dataclass(frozen=True)
class DeliveryRow:
    delivery: Delivery

    @property
    def title(self) -> str:
        event = self.delivery.event
        return _TITLES.get(event) or event.replace(".", " ").replace("_", " ").capitalize()

    @property
    def to(self) -> str:
        """Of a webhook only the host: URLs are long and may contain tokens."""
        recipient = self.delivery.recipient
        if self.delivery.channel == EMAIL:
            return f"email to {recipient}"
        return f"webhook at {urlsplit(recipient).hostname}"

    @property
    def state_word(self) -> str:
        return _WORDS[self.delivery.state]

    @property
    def how(self) -> str:
        """The result of the last attempt as a sentence; "" if the state says it all."""
        if self.delivery.state == "arrived" and self.delivery.last_status:
            return f"Receiver answered {self.delivery.last_status}."
        return self.delivery.last_error

    @property
    def tries(self) -> str:
        count = self.delivery.attempts
        return "not tried yet" if not count else f"{count} {'try' if count == 1 else 'tries'}"

    @property
    def next_at(self) -> datetime | None:
        return self.delivery.due_at if self.may_try else None

    @property
    def may_try(self) -> bool:
        return self.delivery.state in ("waiting", "retrying")


def rows_of(workspace_id: str) -> list[DeliveryRow]:
    return [DeliveryRow(delivery) for delivery in deliveries.recent(workspace_id)]


def seconds_to_next_refresh(rows: list[DeliveryRow]) -> int:
    """Seconds until the list should be reloaded; 0 if nothing will change without user action."""
    due = [row.delivery.due_at for row in rows if row.delivery.due_at]
    if not due:
        return 0
    at_work = any(row.delivery.state == "sending" for row in rows)
    return 1 if at_work or min(due) < clock.now() + SOON else 15
