"""Running checks in Redis: the state for the page, and the sealed candidate for the job."""

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from redis.exceptions import RedisError

from core import clock
from core.accounts.actor import Actor
from core.errors import Busy
from core.ids import new_id
from core.queue import redis_connection

CANDIDATE_SECONDS = 120
TTL_SECONDS = 900
TIMEOUT_SECONDS = 90
MAX_PROVIDER_CALLS = 2
"""Requests per check: the second one only after its worker was killed."""

WAITING, ASKING = "waiting", "asking"
SAVED, PASSED, FAILED, UNCHECKED, LOST = "saved", "passed", "failed", "unchecked", "lost"


@dataclass(frozen=True)
class Check:
    """The state of a check, as a page may show it. Kept for 15 minutes; holds no secret."""

    id: str
    workspace_id: str
    provider: str
    purpose: str
    asked_by: str
    asked_at: str
    state: str = WAITING
    hint: str = ""
    words: str = ""
    reason: str = ""
    mask: str = ""
    model: str = ""
    key_id: str = ""
    asked_from: str = ""
    asked_by_id: str = ""

    @property
    def actor(self) -> Actor:
        return Actor(self.asked_by, self.asked_from, self.asked_by_id)

    @property
    def age_seconds(self) -> float:
        return (clock.now() - datetime.fromisoformat(self.asked_at)).total_seconds()

    @property
    def pending(self) -> bool:
        return self.state in (WAITING, ASKING)

    @property
    def overdue(self) -> bool:
        """Whether it took too long: its worker or Redis went down."""
        return self.pending and self.age_seconds > TIMEOUT_SECONDS


def new_check(workspace_id: str, provider: str, purpose: str, actor: Actor, **more: str) -> Check:
    requester = {
        "asked_by": actor.name,
        "asked_from": actor.origin,
        "asked_by_id": actor.person_id,
        "asked_at": clock.now().isoformat(),
    }
    return Check(new_id("chk"), workspace_id, provider, purpose, **requester, **more)


def keep(check: Check) -> None:
    """Stores the state for every process. Raises `Busy` if Redis is down."""
    try:
        redis_connection().set(f"check:{check.id}", json.dumps(asdict(check)), ex=TTL_SECONDS)
    except RedisError:
        raise Busy() from None


def load(check_id: str) -> Check | None:
    try:
        text = redis_connection().get(f"check:{check_id}")
    except RedisError:
        raise Busy() from None
    return Check(**json.loads(text)) if text else None


def keep_candidate(check_id: str, sealed: str) -> None:
    try:
        redis_connection().set(f"candidate:{check_id}", sealed, ex=CANDIDATE_SECONDS)
    except RedisError:
        raise Busy() from None


def candidate(check_id: str) -> str | None:
    """The sealed candidate, or None after its two minutes."""
    sealed: Any = redis_connection().get(f"candidate:{check_id}")
    return str(sealed, "ascii") if sealed else None


def may_call_provider(check_id: str) -> bool:
    """Counts a request of this check before it is sent. Returns whether it is within the limit."""
    redis = redis_connection()
    calls = int(redis.incr(f"asks:{check_id}"))
    redis.expire(f"asks:{check_id}", TTL_SECONDS)
    return calls <= MAX_PROVIDER_CALLS


def forget_candidate(check_id: str) -> None:
    redis_connection().delete(f"candidate:{check_id}")
