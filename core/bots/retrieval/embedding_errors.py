"""The last error of semantic search, kept in Redis for the knowledge page and for pauses.

It is optional: without Redis no error is shown, and the next request is made without a pause.
"""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from redis.exceptions import RedisError

from core import clock
from core.log import logger
from core.queue import fast_fail_redis

QUESTIONS, CHUNKS = "questions", "chunks"
"""What was being embedded: visitors wait for questions, nobody waits for chunks."""
TTL_SECONDS = {QUESTIONS: 3_600, CHUNKS: 86_400}

log = logger(__name__)


@dataclass(frozen=True)
class EmbeddingError:
    """`reason` is a failure kind; no request is made before `again_at`."""

    reason: str
    at: datetime
    again_at: datetime

    @property
    def is_resting(self) -> bool:
        return clock.now() < self.again_at


def record(workspace_id: str, what: str, reason: str, pause: timedelta) -> None:
    """Replaces the last error; `pause` is how long no request is made."""
    now = clock.now()
    payload = {"reason": reason, "at": now.isoformat(), "again_at": (now + pause).isoformat()}
    try:
        fast_fail_redis().set(_key(workspace_id, what), json.dumps(payload), ex=TTL_SECONDS[what])
    except RedisError:
        log.warning("trouble_not_kept", workspace_id=workspace_id, reason=reason)


def last(workspace_id: str, what: str) -> EmbeddingError | None:
    """The error of the last request, if there was one recently."""
    try:
        payload = json.loads(fast_fail_redis().get(_key(workspace_id, what)) or "{}")
    except RedisError:
        return None
    if not payload:
        return None
    moments = (datetime.fromisoformat(payload[name]) for name in ("at", "again_at"))
    return EmbeddingError(payload["reason"], *moments)


def clear(workspace_id: str, what: str) -> None:
    """The last request succeeded."""
    try:
        fast_fail_redis().delete(_key(workspace_id, what))
    except RedisError:
        log.warning("trouble_not_forgotten", workspace_id=workspace_id)


def _key(workspace_id: str, what: str) -> str:
    return f"meaning:{what}:{workspace_id}"
