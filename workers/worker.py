"""The RQ worker: `python -m workers.worker QUEUE…`.

Runs only jobs on core.queue's allowlist, each in its own process and application context. Another
worker retries the job of a killed one after about a minute. Without Redis, the worker waits for it.
"""

import os
import signal
import sys
import time
from types import TracebackType
from typing import Any

from redis.exceptions import RedisError
from rq import Queue, Worker
from rq.executions import Execution
from rq.job import Job

from core import log
from core.db import db, work_context
from core.queue import SERIALIZER, AllowedJob, redis_connection

RETRY_SECONDS = 2

_logger = log.logger(__name__)


class JobWorker(Worker):
    """RQ's worker, with an application context around each job and our own log format."""

    stop_requested = False

    def perform_job(self, job: Job, queue: Queue, execution: Execution) -> bool:
        with work_context():
            _drop_inherited_connections()
            return bool(super().perform_job(job, queue, execution))

    def handle_warm_shutdown_request(self) -> None:
        self.stop_requested = True

    def handle_exception(
        self,
        job: Job,
        *exc_info: type[BaseException] | BaseException | TracebackType | None,
    ) -> None:
        """Logs the failure. RQ's own handler would log the job's arguments too."""
        _logger.error("job failed", job=job.description, job_id=job.id, exc_info=exc_info)


def worker_for(*queues: str) -> JobWorker:
    """A worker that notices within a minute that another one died (RQ's default is 15 minutes)."""
    return JobWorker(
        list(queues),
        connection=redis_connection(),
        job_class=AllowedJob,
        serializer=SERIALIZER,
        worker_ttl=25,
        maintenance_interval=5,
        job_monitoring_interval=2,
        log_job_description=False,
    )


def run(*queues: str) -> None:
    """Works until asked to stop. If Redis is unavailable, restarts itself with the same process id."""
    worker = None
    try:
        worker = worker_for(*queues)
        worker.work(logging_level="WARNING")
    except RedisError as error:
        _logger.warning("worker has no Redis", error=str(error))
    if worker is not None and worker.stop_requested:
        return
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, signal.SIG_DFL)
    time.sleep(RETRY_SECONDS)
    os.execv(sys.executable, sys.orig_argv)  # noqa: S606  (re-executes itself)


def _drop_inherited_connections() -> None:
    """After a fork, parent and child would share a socket: the child opens its own connection."""
    for engine in db.engines.values():
        engine.dispose(close=False)


def main() -> Any:
    from app import create_app

    create_app()
    run(*(sys.argv[1:] or ["checks", "default"]))


if __name__ == "__main__":
    main()
