"""Jobs: only those on the list run, with ids for arguments; and the worker process itself."""

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta

import pytest
from rq import Queue, SimpleWorker
from rq.job import Job
from rq.registry import FailedJobRegistry

from core import clock, queue
from core.accounts.actor import Actor
from core.bots import visitors
from core.bots.answers import turns
from core.bots.models import Message
from core.db import session
from core.keys import checks, pending
from tests import marker
from tests.bot_client import make_bot
from tests.conftest import ROOT
from workers import jobs, schedule
from workers.worker import worker_for

SECRET = marker.anthropic_key()


@pytest.mark.parametrize(
    "name",
    ["os.system", "builtins.eval", "subprocess.run", "workers.jobs.checks.run_key", "core.keys.store.use"],
)  # fmt: skip
def test_a_job_that_is_not_on_the_list_fails_without_being_imported(app, run_jobs, tmp_path, name):
    trace = tmp_path / "ran"
    foreign = Queue(
        queue.CHECKS, connection=queue.redis_connection(), serializer=queue.SERIALIZER
    ).enqueue(name, f"touch {trace}")
    run_jobs()
    assert not trace.exists()
    failed = FailedJobRegistry(queue.CHECKS, connection=queue.redis_connection())
    assert foreign.id in failed.get_job_ids()


def test_a_pickled_job_is_not_unpickled(app, run_jobs, tmp_path):
    """Whoever may write to Redis could otherwise run anything."""
    trace = tmp_path / "ran"
    Queue(queue.CHECKS, connection=queue.redis_connection()).enqueue(os.system, f"touch {trace}")
    connection = queue.redis_connection()
    worker = SimpleWorker(
        [Queue(queue.CHECKS, connection=connection, serializer=queue.SERIALIZER)],
        connection=connection, serializer=queue.SERIALIZER, job_class=queue.AllowedJob,
    )  # fmt: skip
    worker.work(burst=True, logging_level="CRITICAL")
    assert not trace.exists()


def test_every_name_on_the_list_is_a_job_of_ours():
    for name in queue._ALLOWED:
        module, _, function = name.rpartition(".")
        assert module == "workers.jobs"
        assert callable(getattr(jobs, function))


def test_a_job_leaves_nothing_behind_when_it_is_done(app, cast, provider, run_jobs):
    checks.check_candidate_later(cast.workspace, "anthropic", SECRET, Actor("Owner"))
    run_jobs()
    assert not list(queue.redis_connection().scan_iter("rq:job:*"))


def test_jobs_have_an_end_and_another_try(app, cast):
    checks.check_candidate_later(cast.workspace, "anthropic", SECRET, Actor("Owner"))
    connection = queue.redis_connection()
    (job_id,) = Queue(queue.CHECKS, connection=connection).get_job_ids()
    job = Job.fetch(job_id, connection, serializer=queue.SERIALIZER)
    assert (job.retries_left, job.result_ttl, job.failure_ttl) == (2, 0, 3600)
    assert job.timeout < pending.TIMEOUT_SECONDS


def test_the_worker_notices_a_dead_colleague_within_a_minute(app):
    worker = worker_for(queue.CHECKS)
    assert worker.worker_ttl <= 30
    assert worker.maintenance_interval <= 10
    assert worker.job_class is queue.AllowedJob


def test_the_worker_process_checks_a_key_and_stops_when_asked(
    app, cast, chosen, provider, data_dir
):
    """The real one, as the Procfile starts it: with a process of its own for each job."""
    check = checks.check_candidate_later(cast.workspace, "anthropic", SECRET, Actor("Owner"))
    environ = os.environ | {
        "DATA_DIR": str(data_dir),
        "DATABASE_URL": chosen.database_url,
        "ANTHROPIC_BASE_URL": provider.anthropic_base_url,
    }
    worker = subprocess.Popen(
        [sys.executable, "-m", "workers.worker", "checks", "default"],
        cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    try:
        assert _comes_true(lambda: pending.load(check.id).state == "saved")
    finally:
        worker.send_signal(signal.SIGTERM)
        output, _ = worker.communicate(timeout=30)
    assert worker.returncode == 0, output
    assert not marker.in_bytes(output)


def _comes_true(condition, seconds: float = 40) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.1)
    return False


def test_the_schedule_ends_what_a_dead_process_left(app, cast):
    bot = make_bot(cast.workspace)
    conversation, _ = visitors.open_conversation(bot, "secret")
    turn = turns.accept(conversation, "Hello")
    schedule.tick()
    assert _status(turn) == "pending"
    clock.shift(timedelta(minutes=1))
    schedule.tick()
    assert _status(turn) == "interrupted"


def test_a_missed_round_of_the_schedule_does_not_end_it(app, chosen, logged):
    """The database is unavailable for a while: the next round does the work."""
    from core.db import db

    db.session.remove()
    path = chosen.database_url.removeprefix("sqlite:///")
    os.rename(path, f"{path}.away")
    db.engine.dispose()
    schedule.tick()
    assert "schedule_missed" in logged()
    db.engine.dispose()
    os.rename(f"{path}.away", path)
    schedule.tick()


def _status(turn) -> str:
    session().commit()
    session().expire_all()
    return session().get_one(Message, turn.answer.id).status
