"""The schedule's duties: each by its own clock, each failing alone; and deliveries, as workers send them."""

from datetime import timedelta

import pytest

from core import clock
from core.accounts.actor import OPERATOR
from core.db import transaction
from core.gateway.billing import balance
from core.gateway.models import GatewayRequest
from core.gateway.request_log import writer
from core.outbox import deliveries, emails
from tests.core.outbox.conftest import row
from workers import schedule
from workers.schedule import EVERY_SECONDS, HOUR_SECONDS, Duty


@pytest.fixture
def seconds(monkeypatch):
    """`seconds[0]` is what the clock that never jumps says."""
    now = [1000.0]
    monkeypatch.setattr(clock, "monotonic", lambda: now[0])
    return now


def add() -> str:
    facts = {"inviter": "Ann", "workspace": "Acme", "role": "Admin", "token": "mvi_x", "days": 7}
    with transaction() as current:
        return emails.add(current, "invitation", "zoe@example.com", **facts)


def test_a_duty_that_fails_holds_up_no_other(app, monkeypatch, logged):
    done = []

    def fail():
        raise RuntimeError("no")

    duties = (Duty("broken", fail), Duty("whole", lambda: done.append(1) or 1))
    monkeypatch.setattr(schedule, "DUTIES", duties)
    schedule.tick()
    schedule.tick()
    assert done == [1, 1]
    assert '"duty": "broken"' in logged()


@pytest.mark.parametrize(("later", "times"), [(-1, 1), (0, 2), (1, 2)])
def test_a_duty_of_once_an_hour_is_done_once_an_hour(app, seconds, later, times):
    done = []
    duty = Duty("hourly", lambda: done.append(1) or 1, HOUR_SECONDS)
    for moment in (0, EVERY_SECONDS, HOUR_SECONDS + later):
        seconds[0] = 1000 + moment
        if duty.is_due:
            duty.do()
    assert len(done) == times


def test_a_duty_of_once_an_hour_that_failed_comes_up_in_the_next_round(app, seconds):
    duty = Duty("hourly", lambda: 1 // 0, HOUR_SECONDS)
    duty.do()
    assert duty.is_due


def test_a_worker_sends_what_was_queued(app, run_jobs, capsys):
    delivery_id = add()
    deliveries.send_soon(delivery_id)
    run_jobs()
    assert row(delivery_id).state == "arrived"
    assert "/invitations/mvi_x" in capsys.readouterr().out


def test_what_redis_lost_is_sent_after_the_schedules_next_round(app, run_jobs, shift_clock):
    delivery_id = add()
    run_jobs()
    assert row(delivery_id).state == "waiting"
    shift_clock(timedelta(seconds=15))
    schedule.tick()
    run_jobs()
    assert row(delivery_id).state == "arrived"


def test_a_round_gives_back_what_dead_processes_held_and_forgets_old_requests(cast, shift_clock):
    workspace_id = cast.workspace.id
    balance.top_up(workspace_id, 1000, "", OPERATOR)
    balance.hold(workspace_id, "req_1", 300)
    fields = {"route": "chat", "model_asked": "gpt-5", "status": 200}
    with transaction() as current:
        current.add(GatewayRequest(workspace_id=workspace_id, **fields))
    shift_clock(timedelta(days=31))
    for duty in schedule.DUTIES:
        if duty.name in ("holds_given_back", "old_requests_forgotten"):
            duty.do()
    assert balance.sums(workspace_id) == (1000, 0, 1000)
    assert writer.recent(workspace_id) == []
