"""Tells a process through Redis to stop one of its answers.

Each process checks four times a second, once for all its answers. If Redis is down, the heartbeat
notices that the row has ended.
"""

from collections.abc import Mapping
from typing import Any

from redis.exceptions import RedisError

from core import clock
from core.background import BackgroundThread
from core.bots.answers.live_answer import LiveAnswer
from core.queue import fast_fail_redis

POLL_SECONDS = 0.25
RETRY_SECONDS = 5.0
TTL_SECONDS = 60


def send(message_id: str, attempt: int) -> bool:
    """Sets the flag for whichever process writes the answer; False if Redis is down."""
    try:
        fast_fail_redis().set(_key(message_id, attempt), "1", ex=TTL_SECONDS)
    except RedisError:
        return False
    return True


def listen(running: Mapping[str, LiveAnswer]) -> None:
    """Starts this process's listener with its first answer."""
    _listener.start(running)


def _check(running: Mapping[str, LiveAnswer]) -> None:
    if lives := list(running.values()):
        try:
            _stop_flagged(lives)
        except RedisError:
            clock.sleep(RETRY_SECONDS)


def _stop_flagged(lives: list[LiveAnswer]) -> None:
    keys = [_key(live.message_id, live.attempt) for live in lives]
    flags: Any = fast_fail_redis().mget(keys)
    for live, flag in zip(lives, flags, strict=True):
        if flag:
            live.stop()


def _key(message_id: str, attempt: int) -> str:
    return f"stop:{message_id}:{attempt}"


_listener = BackgroundThread("stop_signals", _check, POLL_SECONDS)
