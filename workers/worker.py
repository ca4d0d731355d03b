"""The RQ worker: `python -m workers.worker QUEUE…`.

Runs only jobs on core.queue's list, each in a process and an application context of its own. The
job of a killed worker is taken up again after about a minute; a Redis that is away is waited for.
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
    """RQ's worker, with our context around each job and our words in the log."""

    asked_to_stop = False

    def perform_job(self, job: Job, queue: Queue, execution: Execution) -> bool:
        with work_context():
            _forget_the_parents_connections()
            return bool(super().perform_job(job, queue, execution))

    def handle_warm_shutdown_request(self) -> None:
        self.asked_to_stop = True

    def handle_exception(
        self,
        job: Job,
        *exc_info: type[BaseException] | BaseException | TracebackType | None,
    ) -> None:
        """RQ's own would attach the job's arguments to the record."""
        _logger.error("job failed", job=job.description, job_id=job.id, exc_info=exc_info)


def worker_for(*queues: str) -> JobWorker:
    """A worker that notices a dead colleague in a minute (RQ's defaults: a quarter of an hour)."""
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
    """Works until asked to stop. Without Redis it starts afresh, as the same process."""
    worker = None
    try:
        worker = worker_for(*queues)
        worker.work(logging_level="WARNING")
    except RedisError as error:
        _logger.warning("worker has no Redis", error=str(error))
    if worker is not None and worker.asked_to_stop:
        return
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, signal.SIG_DFL)
    time.sleep(RETRY_SECONDS)
    os.execv(sys.executable, sys.orig_argv)  # noqa: S606  (itself once more)


def _forget_the_parents_connections() -> None:
    """After the fork both would speak on the same socket: the child opens its own."""
    for engine in db.engines.values():
        engine.dispose(close=False)


def main() -> Any:
    from app import create_app

    create_app()
    run(*(sys.argv[1:] or ["checks", "default"]))


if __name__ == "__main__":
    main()
