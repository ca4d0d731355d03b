"""What happens by the clock, in a process of its own that needs no Redis: `python -m workers.schedule`."""

import signal
import threading

from app import create_app
from core.bots import endings
from core.db import work_context
from core.log import logger

EVERY_SECONDS = 10.0

log = logger(__name__)


def main() -> None:
    """Runs until it is told to stop."""
    create_app()
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    while not stopping.wait(EVERY_SECONDS):
        tick()


def tick() -> None:
    """One round. A failing duty is logged and comes up again in the next round."""
    try:
        with work_context():
            if ended := endings.sweep():
                log.warning("answers_swept", count=ended)
    except Exception:
        log.exception("schedule_missed")


if __name__ == "__main__":
    main()
