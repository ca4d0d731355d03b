"""Retention as the processes do it: queued once a day, deleted by a worker, told in log and audit log."""

from datetime import timedelta

from core.accounts import audit, workspaces
from core.accounts.actor import OPERATOR
from core.bots.conversations import retention
from core.db import session
from tests.bot_client import make_bot
from tests.core.bots.conversations.test_deletion import left
from tests.core.bots.conversations.test_search import talk
from workers import schedule


def test_the_schedule_queues_it_for_those_who_want_it_and_a_worker_deletes(
    app, cast, run_jobs, shift_clock, logged
):
    talk(make_bot(cast.workspace))
    talk(make_bot(cast.elsewhere))
    workspaces.set_retention(cast.workspace, 30, OPERATOR)
    here, elsewhere = cast.workspace.id, cast.elsewhere.id
    shift_clock(timedelta(days=31))
    duty = next(duty for duty in schedule.DUTIES if duty.act is retention.run_later)
    assert duty.every_seconds == schedule.DAY_SECONDS
    assert retention.run_later() == 1
    assert left() == 2
    run_jobs()
    assert left() == 1
    session().commit()
    (line,) = audit.lines_of(here, action="conversation")
    assert line.details == {"count": 1, "days": 30}
    assert audit.lines_of(elsewhere, action="conversation") == []
    assert "conversations_expired" in logged()
    retention.run_later()
    run_jobs()
    assert len(audit.lines_of(here, action="conversation")) == 1
