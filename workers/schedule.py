"""Periodic tasks, in a process that doesn't need Redis: `python -m workers.schedule`."""

import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass

from app import create_app
from core import clock
from core.bots import deletion as bot_deletion
from core.bots.answers import cache, outcomes
from core.bots.conversations import retention
from core.bots.retrieval import chunk_embeddings
from core.db import work_context
from core.gateway.billing import balance
from core.gateway.request_log import retention as gateway_retention
from core.keys import health, rechecks
from core.knowledge import indexing
from core.log import logger
from core.outbox import deliveries

EVERY_SECONDS = 10.0
MINUTE_SECONDS = 60.0
HOUR_SECONDS = 3_600.0
DAY_SECONDS = 86_400.0

log = logger(__name__)


@dataclass
class Duty:
    """A periodic task. `act` returns how many items it handled; `name` is the log event."""

    name: str
    act: Callable[[], int]
    every_seconds: float = EVERY_SECONDS
    next_at: float = 0.0

    @property
    def is_due(self) -> bool:
        return clock.monotonic() >= self.next_at

    def do(self) -> None:
        """Runs the task. A failure is logged and retried in the next round, without affecting other tasks."""
        try:
            with work_context():
                if count := self.act():
                    log.info(self.name, count=count)
            if self.every_seconds > EVERY_SECONDS:
                self.next_at = clock.monotonic() + self.every_seconds
        except Exception:
            log.exception("schedule_missed", duty=self.name)


DUTIES = (
    Duty("answers_swept", outcomes.sweep),
    Duty("keys_checked_again", rechecks.recheck_due),
    Duty("deliveries_queued_again", deliveries.send_due),
    Duty("sources_taken_up_again", indexing.resume_lost),
    Duty("holds_given_back", balance.sweep, MINUTE_SECONDS),
    Duty("embeddings_taken_up", chunk_embeddings.resume_missing, MINUTE_SECONDS),
    Duty("chunks_left_over_cleared", indexing.clear_left_over, HOUR_SECONDS),
    Duty("deleted_bots_cleared", bot_deletion.resume_deletions, HOUR_SECONDS),
    Duty("cached_answers_removed", cache.prune, HOUR_SECONDS),
    Duty("old_deliveries_forgotten", deliveries.delete_old, HOUR_SECONDS),
    Duty("old_key_days_forgotten", health.delete_old, HOUR_SECONDS),
    Duty("old_requests_forgotten", gateway_retention.delete_old, HOUR_SECONDS),
    Duty("retentions_queued", retention.run_later, DAY_SECONDS),
)


def main() -> None:
    """Runs until SIGINT or SIGTERM."""
    create_app()
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    while not stopping.wait(EVERY_SECONDS):
        tick()


def tick() -> None:
    """Runs every task that is due."""
    for duty in DUTIES:
        if duty.is_due:
            duty.do()


if __name__ == "__main__":
    main()
