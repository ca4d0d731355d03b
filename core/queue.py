"""Enqueues jobs by dotted name and ids, and lists the functions that a worker may run.

RQ would unpickle whatever is in Redis and run any importable function. Here jobs are JSON, and the
job class rejects functions that are not listed. Arguments are ids only, because RQ stores and logs
them.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry as NewTry
from rq import Queue, Retry
from rq.job import Job
from rq.serializers import JSONSerializer

from core.errors import Busy

CHECKS = "checks"
DEFAULT = "default"
KNOWLEDGE = "knowledge"
SERIALIZER = JSONSerializer

_ALLOWED = {
    "workers.jobs.check_candidate",
    "workers.jobs.check_key",
    "workers.jobs.clear_bot",
    "workers.jobs.clear_source",
    "workers.jobs.embed_source",
    "workers.jobs.index_source",
    "workers.jobs.forget_conversations",
    "workers.jobs.send_delivery",
}
_address = ""


class AllowedJob(Job):
    """A job whose function is on the list; others fail without being imported."""

    @property
    def func(self) -> Callable[..., Any]:
        if self.func_name not in _ALLOWED:
            raise PermissionError(f"{self.func_name} is not a job of this application")
        function: Callable[..., Any] = super().func
        return function

    def restore(self, raw_data: Any) -> Any:
        """Drops everything else a stored job could make RQ run or call: we don't use it."""
        super().restore(raw_data)
        self.webhooks: list[Any] = []
        self._success_callback_name = None
        self._failure_callback_name = None
        self._stopped_callback_name = None


def configure(address: str) -> None:
    """Called by `create_app` with the settings' Redis address."""
    global _address
    if address == _address:
        return  # closing the pool would interrupt commands of other threads
    _address = address
    redis_connection.cache_clear()
    fast_fail_redis.cache_clear()


@lru_cache(maxsize=1)
def redis_connection() -> Redis:
    """The process's connection pool. Time-outs are short, so that a page never hangs on Redis."""
    return Redis.from_url(
        _address,
        socket_connect_timeout=2,
        socket_timeout=10,
        health_check_interval=30,
    )


@lru_cache(maxsize=1)
def fast_fail_redis() -> Redis:
    """For requests that a visitor waits for: half a second, no retry."""
    return Redis.from_url(
        _address,
        socket_connect_timeout=0.5,
        socket_timeout=0.5,
        retry=NewTry(NoBackoff(), 0),
    )


def waiting(queue: str) -> int:
    """How many jobs are queued; raises `Busy` if Redis is down."""
    try:
        return len(_queue(queue))
    except RedisError:
        raise Busy() from None


def enqueue(queue: str, name: str, *ids: str, timeout_seconds: int = 80) -> None:
    """Queues the job `name`; raises `Busy` if Redis is down."""
    try:
        _queue(queue).enqueue(
            name,
            *ids,
            job_timeout=timeout_seconds,
            result_ttl=0,
            failure_ttl=3600,
            description=name,
            retry=Retry(max=2),
        )
    except RedisError:
        raise Busy(
            "The job queue is unavailable. Nothing was changed; try again in a minute."
        ) from None


def _queue(name: str) -> Queue:
    return Queue(name, connection=redis_connection(), serializer=SERIALIZER, job_class=AllowedJob)
