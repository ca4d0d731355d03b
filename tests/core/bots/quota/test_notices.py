"""That a month's messages run out is told once at 80 % and once at 100 %, on both databases."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from core import clock, queue
from core.accounts import workspaces
from core.accounts.actor import OPERATOR
from core.accounts.roles import Role
from core.bots import visitors
from core.bots.answers import turns
from core.bots.models import QuotaPeriod
from core.bots.quota import notices as quota_notices
from core.bots.quota.notices import FULL, NEAR
from core.db import session, transaction
from core.outbox import deliveries
from core.outbox.models import Delivery
from core.webhooks import endpoints
from tests.core.bots.conftest import fail, finish
from tests.core.bots.quota.test_quota import LIMIT, move_to, set_used
from tests.databases import on_both_databases
from tests.people import make_member
from tests.postbox import emails_to
from tests.threads import at_once

NEAR_LINE = LIMIT * 80 // 100


@pytest.fixture(autouse=True)
def november(app):
    move_to(datetime(2026, 11, 25, 12, tzinfo=UTC))


def write(conversation, text: str = "Hello"):
    return turns.accept(conversation, text)


def delivered_events() -> list[str]:
    """The events written so far, the oldest first."""
    session().commit()
    return list(session().scalars(select(Delivery.event).order_by(Delivery.created_at)))


@pytest.mark.parametrize(
    ("used", "limit", "line"),
    [
        (0, 250, ""), (199, 250, ""), (200, 250, NEAR), (249, 250, NEAR), (250, 250, FULL),
        (251, 250, FULL), (3_999, 5_000, ""), (4_000, 5_000, NEAR), (0, 1, ""), (1, 1, FULL),
    ],
)  # fmt: skip
def test_which_line_is_crossed(used, limit, line):
    assert quota_notices.threshold_crossed(used, limit) == line


@on_both_databases
@pytest.mark.parametrize(
    ("before", "events"),
    [
        (NEAR_LINE - 2, []),
        (NEAR_LINE - 1, ["quota_near"]),
        (NEAR_LINE, ["quota_near"]),
        (LIMIT - 2, ["quota_near"]),
        (LIMIT - 1, ["quota_full"]),
        (LIMIT, ["quota_full"]),
    ],
)
def test_what_one_more_message_tells(conversation, workspace, before, events):
    set_used(workspace, before)
    write(conversation)
    assert delivered_events() == events


@on_both_databases
def test_each_is_told_once_a_month(conversation, workspace):
    set_used(workspace, NEAR_LINE - 1)
    for _ in range(3):
        write(conversation)
    set_used_keeping_marks(workspace, LIMIT - 1)
    for _ in range(3):
        write(conversation)
    assert delivered_events() == ["quota_near", "quota_full"]
    move_to(datetime(2026, 12, 24, 12, tzinfo=UTC))
    set_used(workspace, NEAR_LINE - 1)
    write(conversation)
    assert delivered_events() == ["quota_near", "quota_full", "quota_near"]


def set_used_keeping_marks(workspace, count: int) -> None:
    with transaction() as current:
        current.get_one(QuotaPeriod, (workspace.id, "2026-11"), populate_existing=True).used = count


@on_both_databases
def test_of_many_that_cross_the_line_at_once_one_tells(workspace, bot):
    set_used(workspace, LIMIT - 5)
    talks = [visitors.open_conversation(bot, "secret")[0] for _ in range(16)]
    assert all(talk.bot.workspace for talk in talks)
    at_once(16, lambda number: write(talks[number]))
    assert sorted(delivered_events()) == ["quota_full", "quota_near"]


def test_a_message_that_comes_back_and_goes_again_tells_nothing_twice(conversation, workspace):
    set_used(workspace, LIMIT - 1)
    for _ in range(3):
        fail(write(conversation))
    finish(write(conversation))
    assert delivered_events() == ["quota_full"]


def test_those_who_may_change_the_plan_are_told_with_the_day_it_resets(conversation, workspace):
    for name, role in (("bill", Role.BILLING), ("adam", Role.ADMIN), ("mia", Role.MEMBER)):
        make_member(workspace, name, role)
    set_used(workspace, NEAR_LINE - 1)
    write(conversation)
    for name, count in (("ann", 1), ("bill", 1), ("adam", 0), ("mia", 0)):
        assert len(emails_to(f"{name}@example.com")) == count
    email = emails_to("bill@example.com")[0]
    assert email.startswith("Acme has used 80% of this month's messages\n")
    assert "has used 4,000 of the 5,000 messages that the Pro plan includes this month" in email
    assert "1,000 are left until 1 December 2026" in email
    assert "/w/acme/message-quota" in email


def test_the_mail_of_a_full_month_says_what_visitors_read_and_when_it_ends(conversation, workspace):
    set_used(workspace, LIMIT - 1)
    write(conversation)
    email = emails_to("ann@example.com")[0]
    assert email.startswith("Acme has used all of this month's messages\n")
    assert "all 5,000 messages" in email and "until 1 December 2026" in email
    assert "can be answered later" in email


def test_the_webhook_is_called_with_the_numbers(conversation, workspace):
    endpoints.set_url(workspace.id, "https://hooks.example/mevichat", OPERATOR)
    set_used(workspace, NEAR_LINE - 1)
    write(conversation)
    session().commit()
    (call,) = session().scalars(select(Delivery).where(Delivery.event == "quota.near"))
    content = deliveries.content_of(call)
    assert content["type"] == "quota.near"
    data = content["data"]
    assert (data["used"], data["limit"], data["left"]) == (4_000, 5_000, 1_000)
    assert data["resets_on"] == "2026-12-01"


def test_what_is_told_is_queued_at_once(conversation, workspace):
    set_used(workspace, NEAR_LINE - 1)
    write(conversation)
    assert queue.waiting(queue.DEFAULT) == 1


def test_a_turn_that_is_undone_tells_nothing(conversation, workspace, monkeypatch):
    set_used(workspace, NEAR_LINE - 1)
    with pytest.raises(ZeroDivisionError), transaction() as current:
        quota_notices.notify(current, workspace)
        raise ZeroDivisionError
    assert delivered_events() == []
    write(conversation)
    assert delivered_events() == ["quota_near"]


def test_an_upgrade_in_mid_month_counts_on_against_the_larger_plan(conversation, workspace):
    set_used(workspace, LIMIT)
    assert write(conversation).answer.failure == "out_of_messages"
    workspaces.set_plan(workspace, "scale", OPERATOR)
    session().expire_all()
    assert write(conversation).answer.status == "pending"
    assert delivered_events() == ["quota_full"]


def test_a_downgrade_in_mid_month_counts_on_against_the_smaller_plan(conversation, workspace):
    set_used(workspace, 249)
    workspaces.set_plan(workspace, "free", OPERATOR)
    session().expire_all()
    assert write(conversation).answer.status == "pending"
    assert write(conversation).answer.failure == "out_of_messages"
    assert delivered_events() == ["quota_full"]


def test_a_downgrade_below_what_is_used_tells_with_the_next_message(conversation, workspace):
    set_used(workspace, 1_000)
    workspaces.set_plan(workspace, "free", OPERATOR)
    session().expire_all()
    assert write(conversation).answer.failure == "out_of_messages"
    assert delivered_events() == ["quota_full"]


def test_the_retry_that_takes_the_last_message_tells(conversation, workspace, shift_clock):
    set_used(workspace, NEAR_LINE - 2)
    turn = write(conversation)
    fail(turn)
    set_used_keeping_marks(workspace, NEAR_LINE - 1)
    turns.retry(conversation, turn.answer.id)
    assert delivered_events() == ["quota_near"]


def test_what_is_given_back_is_counted(conversation, workspace):
    for _ in range(2):
        fail(write(conversation))
    finish(write(conversation))
    session().commit()
    month = session().get_one(
        QuotaPeriod, (workspace.id, clock.period_of(clock.now())), populate_existing=True
    )
    assert (month.used, month.given_back) == (1, 2)


def test_turns_without_a_crossed_line_write_no_delivery(conversation, workspace):
    for _ in range(5):
        finish(write(conversation))
    assert delivered_events() == []
    assert queue.waiting(queue.DEFAULT) == 0
