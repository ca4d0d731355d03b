"""The heartbeat of a process: every five seconds it marks the answers it is writing as alive.

It also saves their text so far to the row. The sweep (`outcomes`) ends answers without a heartbeat.
"""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Update, update

from core import clock
from core.background import BackgroundThread
from core.bots.answers.live_answer import LiveAnswer
from core.bots.models import PENDING, Message
from core.db import changed_one, transaction, work_context

HEARTBEAT_SECONDS = 5.0


def keep_alive(running: Mapping[str, LiveAnswer]) -> None:
    """Starts this process's heartbeat with its first answer."""
    _heartbeat.start(running)


def _beat(running: Mapping[str, LiveAnswer]) -> None:
    if lives := list(running.values()):
        with work_context():
            _mark_alive(lives)


def _mark_alive(lives: list[LiveAnswer]) -> None:
    """Stops writing answers that another process has ended in the meantime."""
    now = clock.now()
    with transaction() as current:
        ended = [live for live in lives if not changed_one(current, _alive(live, now))]
    for live in ended:
        live.stop()


def _alive(live: LiveAnswer, now: datetime) -> Update:
    return (
        update(Message)
        .where(
            Message.id == live.message_id,
            Message.attempt == live.attempt,
            Message.status == PENDING,
        )
        .values(alive_at=now, text=live.text)
    )


_heartbeat = BackgroundThread("heartbeat", _beat, HEARTBEAT_SECONDS)
