"""What stood against searching by meaning last, kept in Redis for the knowledge page and for pauses.

Nothing hangs on it: with Redis away nothing is said of the last trouble, and the next try meets it again.
"""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from redis.exceptions import RedisError

from core import clock
from core.log import logger
from core.queue import fast_fail_redis

QUESTIONS, CHUNKS = "questions", "chunks"
"""Whose vectors were asked for: a visitor waits for the first, nobody for the second."""
TTL_SECONDS = {QUESTIONS: 3_600, CHUNKS: 86_400}

log = logger(__name__)


@dataclass(frozen=True)
class EmbeddingError:
    """`reason` is one of `reasons`; nobody is asked again before `again_at`."""

    reason: str
    at: datetime
    again_at: datetime

    @property
    def is_resting(self) -> bool:
        return clock.now() < self.again_at


def record(workspace_id: str, what: str, reason: str, pause: timedelta) -> None:
    """Whatever stood against it before is replaced."""
    now = clock.now()
    told = {"reason": reason, "at": now.isoformat(), "again_at": (now + pause).isoformat()}
    try:
        fast_fail_redis().set(_key(workspace_id, what), json.dumps(told), ex=TTL_SECONDS[what])
    except RedisError:
        log.warning("trouble_not_kept", workspace_id=workspace_id, reason=reason)


def last(workspace_id: str, what: str) -> EmbeddingError | None:
    """What stood against it at the last try, if that was not long ago."""
    try:
        told = json.loads(fast_fail_redis().get(_key(workspace_id, what)) or "{}")
    except RedisError:
        return None
    if not told:
        return None
    moments = (datetime.fromisoformat(told[name]) for name in ("at", "again_at"))
    return EmbeddingError(told["reason"], *moments)


def clear(workspace_id: str, what: str) -> None:
    """It went well again."""
    try:
        fast_fail_redis().delete(_key(workspace_id, what))
    except RedisError:
        log.warning("trouble_not_forgotten", workspace_id=workspace_id)


def _key(workspace_id: str, what: str) -> str:
    return f"meaning:{what}:{workspace_id}"
