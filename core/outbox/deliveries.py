"""The way of a delivery: written with the change that it tells of, tried until it arrives or is given up.

A row is claimed by a conditional update before each try, so that of several workers one sends it.
Redis only makes it quick: what is due and was not queued is found by the schedule.
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
"""After the first try, the second, …: eight tries within a day and a half."""
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
    """Asks a worker to send them now. Without Redis they go out with a later round of the schedule."""
    for delivery_id in delivery_ids:
        try:
            queue.enqueue(queue.DEFAULT, "workers.jobs.send_delivery", delivery_id)
        except Busy:
            log.warning("deliveries_wait_for_the_schedule", count=len(delivery_ids))
            return


def send_due(limit: int = 50) -> int:
    """Queues what is late, as the schedule does. Returns how many.

    While the queue is long they are in it already, or will be once it is shorter.
    """
    late = clock.now() - LATE_AFTER
    due = select(Delivery.id).where(Delivery.due_at <= late).order_by(Delivery.due_at).limit(limit)
    found = list(session().scalars(due))
    try:
        room = not found or queue.waiting(queue.DEFAULT) < limit
    except Busy:
        room = False
    if room:
        send_soon(*found)
    return len(found) if room else 0


def claim(delivery_id: str) -> Delivery | None:
    """The delivery, for one try of whoever asks first; None if it is not due, or over."""
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
    """What to say; raises `Unreadable`."""
    content: dict[str, Any] = json.loads(vault.open_sealed(delivery.sealed, delivery.place))
    return content


def record_delivered(current: Session, delivery: Delivery, status: int | None = None) -> None:
    """Whichever try it was: what has arrived is not sent again."""
    now = clock.now()
    _end(current, Delivery.id == delivery.id, arrived_at=now, last_status=status, last_error="")


def record_failure(
    current: Session, delivery: Delivery, error: str, status: int | None = None, final: bool = False
) -> None:
    """Tries again after a pause; gives up after the last one, or at once if no try can help.

    A try that was given up as lost, and comes back late, changes nothing.
    """
    this_try = (Delivery.id == delivery.id) & (Delivery.attempts == delivery.attempts)
    told: dict[str, Any] = {"last_error": error[:300], "last_status": status}
    if final or delivery.attempts >= MAX_ATTEMPTS:
        _end(current, this_try, given_up_at=clock.now(), **told)
    else:
        next_at = clock.now() + PAUSES[delivery.attempts - 1]
        current.execute(_open(this_try).values(due_at=next_at, **told))


def give_up_waiting(current: Session, workspace_id: str, channel: str, why: str) -> None:
    """Ends all of a workspace's deliveries on that channel that have not arrived."""
    theirs = (Delivery.workspace_id == workspace_id) & (Delivery.channel == channel)
    _end(current, theirs, given_up_at=clock.now(), last_error=why)


def try_again(workspace_id: str, delivery_id: str) -> None:
    """Makes a delivery that waits for its next try due now; raises `NotFound` for any other."""
    waiting = or_(Delivery.attempts == 0, Delivery.last_error != "")
    with transaction() as current:
        waits = changed_one(
            current,
            _open((Delivery.id == delivery_id) & (Delivery.workspace_id == workspace_id) & waiting)
            .values(due_at=clock.now()),
        )  # fmt: skip
    if not waits:
        raise NotFound("This delivery waits for no try: it is being sent, or is over.")
    send_soon(delivery_id)


def recent(workspace_id: str, size: int = 50) -> list[Delivery]:
    """The newest deliveries of a workspace, on every channel."""
    wanted = (
        select(Delivery)
        .where(Delivery.workspace_id == workspace_id)
        .order_by(Delivery.created_at.desc(), Delivery.id.desc())
        .limit(size)
    )
    return list(session().scalars(wanted))


def delete_old() -> int:
    """Removes what has been over for 30 days. Returns how many."""
    before = clock.now() - KEPT_FOR
    with transaction() as current:
        gone = current.execute(
            delete(Delivery).where(Delivery.due_at.is_(None), Delivery.created_at < before)
        )
    return int(getattr(gone, "rowcount", 0))


def _end(
    current: Session, which: ColumnElement[bool], **values: datetime | str | int | None
) -> None:
    """Over: what it said is kept no longer."""
    current.execute(_open(which).values(due_at=None, sealed="", **values))


def _open(which: ColumnElement[bool]) -> Any:
    """An update of those that are not over."""
    return (
        update(Delivery)
        .where(which, Delivery.due_at.is_not(None))
        .execution_options(synchronize_session=False)
    )
