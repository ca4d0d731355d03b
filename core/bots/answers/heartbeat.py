"""The pulse of a process: every five seconds it says which answers it is still writing.

It also keeps their text so far on the row. The sweep (`endings`) ends answers without a pulse.
"""

import threading
import time
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Update, update

from core import clock
from core.bots.answers.live_answer import LiveAnswer
from core.bots.models import PENDING, Message
from core.db import changed_one, transaction, work_context
from core.log import logger

HEARTBEAT_SECONDS = 5.0

log = logger(__name__)


def keep_alive(running: Mapping[str, LiveAnswer]) -> None:
    """Starts this process's pulse, if it is not beating already."""
    _heartbeat.start(running)


class _Heartbeat:
    """The process's one pulse: started with its first answer."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._beating = False

    def start(self, running: Mapping[str, LiveAnswer]) -> None:
        with self._lock:
            if not self._beating:
                self._beating = True
                threading.Thread(
                    target=self._run, args=(running,), name="pulse", daemon=True
                ).start()

    def _run(self, running: Mapping[str, LiveAnswer]) -> None:
        while True:
            time.sleep(HEARTBEAT_SECONDS)
            lives = list(running.values())
            if not lives:
                continue
            try:
                with work_context():
                    _mark_alive(lives)
            except Exception:
                log.exception("pulse_missed")


_heartbeat = _Heartbeat()


def _mark_alive(lives: list[LiveAnswer]) -> None:
    """An answer that somebody else has ended meanwhile is written no further."""
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
