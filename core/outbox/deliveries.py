"""The way of a delivery: written with the change that it tells of, tried until it arrives or is given up.

A row is claimed by a conditional update before each try, so that of several workers one sends it.
Redis only makes it quick: what is due and was not queued is found by the schedule.
"""

import json
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from core import clock, queue
from core.db import changed_one, session, transaction
from core.errors import Busy, NotFound
from core.ids import new_id
from core.keys import vault
from core.log import logger
from core.outbox.models import Delivery

PAUSES = tuple(
    timedelta(seconds=seconds) for seconds in (5, 30, 120, 600, 3_600, 6 * 3_600, 24 * 3_600)
)
"""After the first try, the second, …: eight tries within a day and a half."""
CLAIMED_FOR = timedelta(minutes=2)
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
    """Writes the delivery in the caller's transaction and returns its id, for `send_soon` after it."""
    made = Delivery(
        id=new_id("dlv"),
        workspace_id=workspace_id,
        channel=channel,
        event=event,
        recipient=recipient,
        created_at=clock.now(),
        due_at=clock.now(),
    )
    made.sealed = vault.seal(json.dumps(content), made.place)
    current.add(made)
    return made.id


def send_soon(*delivery_ids: str) -> None:
    """Asks a worker to send them now. Without Redis they go out with the schedule's next round."""
    for delivery_id in delivery_ids:
        try:
            queue.enqueue(queue.DEFAULT, "workers.jobs.send_delivery", delivery_id)
        except Busy:
            log.warning("delivery_waits_for_the_schedule", delivery_id=delivery_id)


def send_due(limit: int = 50) -> int:
    """Queues what is due, as the schedule does. Returns how many."""
    late = clock.now() - timedelta(seconds=5)
    due = select(Delivery.id).where(Delivery.due_at <= late).order_by(Delivery.due_at).limit(limit)
    found = list(session().scalars(due))
    send_soon(*found)
    return len(found)


def claim(delivery_id: str) -> Delivery | None:
    """The delivery, for one try of whoever asks first; None if it is not due, or over."""
    now = clock.now()
    with transaction() as current:
        claimed = changed_one(
            current,
            update(Delivery)
            .where(Delivery.id == delivery_id, Delivery.due_at <= now)
            .values(due_at=now + CLAIMED_FOR, attempts=Delivery.attempts + 1),
        )
    return session().get(Delivery, delivery_id, populate_existing=True) if claimed else None


def content_of(delivery: Delivery) -> dict[str, Any]:
    """What to say; raises `Unreadable`."""
    content: dict[str, Any] = json.loads(vault.open_sealed(delivery.sealed, delivery.place))
    return content


def note_arrived(delivery: Delivery, status: int | None = None) -> None:
    _end(delivery, arrived_at=clock.now(), last_status=status, last_error="")


def note_failed(
    delivery: Delivery, error: str, status: int | None = None, final: bool = False
) -> None:
    """Tries again after a pause; gives up after the last one, or at once if no try can help."""
    told = {"last_error": error[:300], "last_status": status}
    if final or delivery.attempts > len(PAUSES):
        _end(delivery, given_up_at=clock.now(), **told)
    else:
        _write(delivery, due_at=clock.now() + PAUSES[delivery.attempts - 1], **told)


def try_again(workspace_id: str, delivery_id: str) -> None:
    """Makes a delivery that waits for its next try due now; raises `NotFound` for any other."""
    with transaction() as current:
        waits = changed_one(
            current,
            update(Delivery)
            .where(
                Delivery.id == delivery_id,
                Delivery.workspace_id == workspace_id,
                Delivery.due_at.is_not(None),
            )
            .values(due_at=clock.now()),
        )
    if not waits:
        raise NotFound("This delivery is over: it arrived, or was given up.")
    send_soon(delivery_id)


def recent(workspace_id: str, channel: str, size: int = 50) -> list[Delivery]:
    wanted = (
        select(Delivery)
        .where(Delivery.workspace_id == workspace_id, Delivery.channel == channel)
        .order_by(Delivery.created_at.desc(), Delivery.id.desc())
        .limit(size)
    )
    return list(session().scalars(wanted))


def forget_old() -> int:
    """Removes what has been over for 30 days. Returns how many."""
    before = clock.now() - KEPT_FOR
    with transaction() as current:
        gone = current.execute(
            delete(Delivery).where(Delivery.due_at.is_(None), Delivery.created_at < before)
        )
    return int(getattr(gone, "rowcount", 0))


def _end(delivery: Delivery, **values: datetime | str | int | None) -> None:
    """Over: what it said is kept no longer."""
    _write(delivery, due_at=None, sealed="", **values)


def _write(delivery: Delivery, **values: datetime | str | int | None) -> None:
    with transaction() as current:
        current.execute(update(Delivery).where(Delivery.id == delivery.id).values(**values))
