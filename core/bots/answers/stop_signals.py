"""How a process hears that an answer of its own is to be stopped: a flag in Redis.

It looks four times a second, once for all its running answers. With Redis away the pulse notices
instead that the row has ended (`pulse`).
"""

import threading
from collections.abc import Mapping
from typing import Any

from redis.exceptions import RedisError

from core import clock
from core.bots.answers.live_answer import LiveAnswer
from core.log import logger
from core.queue import fast_fail_redis

POLL_SECONDS = 0.25
RETRY_SECONDS = 5.0
TTL_SECONDS = 60

log = logger(__name__)


def send(message_id: str, attempt: int) -> bool:
    """Leaves the flag for whichever process writes the answer; False when Redis is away."""
    try:
        fast_fail_redis().set(_key(message_id, attempt), "1", ex=TTL_SECONDS)
    except RedisError:
        return False
    return True


def listen(running: Mapping[str, LiveAnswer]) -> None:
    """Starts this process's ear, if it is not listening already."""
    _listener.start(running)


class StopListener:
    """The process's one listener: started with its first answer."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listening = False

    def start(self, running: Mapping[str, LiveAnswer]) -> None:
        with self._lock:
            if not self._listening:
                self._listening = True
                threading.Thread(
                    target=self._run, args=(running,), name="stops", daemon=True
                ).start()

    def _run(self, running: Mapping[str, LiveAnswer]) -> None:
        while True:
            clock.sleep(POLL_SECONDS)
            if not (lives := list(running.values())):
                continue
            try:
                _stop_flagged(lives)
            except RedisError:
                clock.sleep(RETRY_SECONDS)
            except Exception:
                log.exception("stops_missed")


_listener = StopListener()


def _stop_flagged(lives: list[LiveAnswer]) -> None:
    keys = [_key(live.message_id, live.attempt) for live in lives]
    flags: Any = fast_fail_redis().mget(keys)
    for live, flag in zip(lives, flags, strict=True):
        if flag:
            live.stop()


def _key(message_id: str, attempt: int) -> str:
    return f"stop:{message_id}:{attempt}"
