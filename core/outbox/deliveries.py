"""Deliveries: written in the transaction of the change they announce, then sent with retries.

Each attempt claims the row by a conditional update, so that only one of several workers sends it. Redis
only speeds this up: the schedule picks up deliveries that are due but weren't queued.
"""

import json
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, or_, select, update
from sqlalchemy.orm import Session

from core import clock, queue
from core.db import changed_one, session, transaction
from core.errors import Busy, NotFound
from core.ids import new_id
from core.log import logger
from core.outbox.models import Delivery
from core.secrets import vault

PAUSES = tuple(
    timedelta(seconds=seconds) for seconds in (5, 30, 120, 600, 3_600, 6 * 3_600, 24 * 3_600)
)
"""The pauses after the first attempt, the second and so on: eight attempts within a day and a half."""
MAX_ATTEMPTS = len(PAUSES) + 1
CLAIMED_FOR = timedelta(minutes=2)
LATE_AFTER = timedelta(seconds=5)
KEPT_FOR = timedelta(days=30)

log = logger(__name__)


def add(
    current: Session,
    channel: str,
    event: str,
    recipient: str,
    content: dict[str, Any],
    workspace_id: str | None = None,
) -> str:
    """Writes the delivery in the caller's transaction. Pass the returned id to `send_soon` afterwards."""
    delivery = Delivery(
        id=new_id("dlv"),
        workspace_id=workspace_id,
        channel=channel,
        event=event,
        recipient=recipient,
        created_at=clock.now(),
        due_at=clock.now(),
    )
    delivery.sealed = vault.seal(json.dumps(content), delivery.key_context)
    current.add(delivery)
    return delivery.id


def send_soon(*delivery_ids: str) -> None:
    """Queues the deliveries for a worker. Without Redis, the schedule sends them later."""
    for delivery_id in delivery_ids:
        try:
            queue.enqueue(queue.DEFAULT, "workers.jobs.send_delivery", delivery_id)
        except Busy:
            log.warning("deliveries_wait_for_the_schedule", count=len(delivery_ids))
            return


def send_due(limit: int = 50) -> int:
    """Queues overdue deliveries. Returns how many.

    Does nothing while the queue is long: they are probably in it already.
    """
    overdue_since = clock.now() - LATE_AFTER
    due = (
        select(Delivery.id)
        .where(Delivery.due_at <= overdue_since)
        .order_by(Delivery.due_at)
        .limit(limit)
    )
    delivery_ids = list(session().scalars(due))
    try:
        has_room = not delivery_ids or queue.waiting(queue.DEFAULT) < limit
    except Busy:
        has_room = False
    if has_room:
        send_soon(*delivery_ids)
    return len(delivery_ids) if has_room else 0


def claim(delivery_id: str) -> Delivery | None:
    """Claims the delivery for one attempt; None if it isn't due, is claimed already or has ended."""
    now = clock.now()
    with transaction() as current:
        claimed = changed_one(
            current,
            update(Delivery)
            .where(Delivery.id == delivery_id, Delivery.due_at <= now)
            .values(
                due_at=now + CLAIMED_FOR,
                attempts=Delivery.attempts + 1,
                last_error="",
                last_status=None,
            ),
        )
    return session().get(Delivery, delivery_id, populate_existing=True) if claimed else None


def content_of(delivery: Delivery) -> dict[str, Any]:
    """The decrypted content. Raises `Unreadable`."""
    content: dict[str, Any] = json.loads(vault.open_sealed(delivery.sealed, delivery.key_context))
    return content


def record_delivered(current: Session, delivery: Delivery, status: int | None = None) -> None:
    """Marks it as delivered, regardless of which attempt succeeded: it isn't sent again."""
    now = clock.now()
    _end(current, Delivery.id == delivery.id, arrived_at=now, last_status=status, last_error="")


def record_failure(
    current: Session, delivery: Delivery, error: str, status: int | None = None, final: bool = False
) -> None:
    """Schedules a retry, or gives up after the last attempt or if `final`.

    The result of an attempt whose claim has expired is ignored.
    """
    this_attempt = (Delivery.id == delivery.id) & (Delivery.attempts == delivery.attempts)
    result: dict[str, Any] = {"last_error": error[:300], "last_status": status}
    if final or delivery.attempts >= MAX_ATTEMPTS:
        _end(current, this_attempt, given_up_at=clock.now(), **result)
    else:
        next_at = clock.now() + PAUSES[delivery.attempts - 1]
        current.execute(_open(this_attempt).values(due_at=next_at, **result))


def give_up_waiting(current: Session, workspace_id: str, channel: str, why: str) -> None:
    """Gives up all of a workspace's pending deliveries on that channel."""
    pending = (Delivery.workspace_id == workspace_id) & (Delivery.channel == channel)
    _end(current, pending, given_up_at=clock.now(), last_error=why)


def try_again(workspace_id: str, delivery_id: str) -> None:
    """Makes a delivery that waits for a retry due now. Raises `NotFound` for any other."""
    waiting = or_(Delivery.attempts == 0, Delivery.last_error != "")
    with transaction() as current:
        was_waiting = changed_one(
            current,
            _open((Delivery.id == delivery_id) & (Delivery.workspace_id == workspace_id) & waiting)
            .values(due_at=clock.now()),
        )  # fmt: skip
    if not was_waiting:
        raise NotFound("There’s nothing to retry: this delivery is being sent or has ended.")
    send_soon(delivery_id)


def recent(workspace_id: str, size: int = 50) -> list[Delivery]:
    """The newest deliveries of a workspace, on every channel."""
    query = (
        select(Delivery)
        .where(Delivery.workspace_id == workspace_id)
        .order_by(Delivery.created_at.desc(), Delivery.id.desc())
        .limit(size)
    )
    return list(session().scalars(query))


def delete_old() -> int:
    """Deletes deliveries that ended more than 30 days ago. Returns how many."""
    before = clock.now() - KEPT_FOR
    with transaction() as current:
        deleted = current.execute(
            delete(Delivery).where(Delivery.due_at.is_(None), Delivery.created_at < before)
        )
    return int(getattr(deleted, "rowcount", 0))


def _end(
    current: Session, which: ColumnElement[bool], **values: datetime | str | int | None
) -> None:
    """Ends the deliveries and erases their content."""
    current.execute(_open(which).values(due_at=None, sealed="", **values))


def _open(which: ColumnElement[bool]) -> Any:
    """An update of the deliveries that haven't ended."""
    return (
        update(Delivery)
        .where(which, Delivery.due_at.is_not(None))
        .execution_options(synchronize_session=False)
    )
