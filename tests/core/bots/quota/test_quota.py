"""The message quota, on both databases: exactly the free messages pass, in the month they were written."""

from datetime import UTC, date, datetime

import pytest

from core import clock
from core.accounts import workspaces
from core.accounts.actor import OPERATOR
from core.bots import visitors
from core.bots.answers import turns
from core.bots.models import QuotaPeriod
from core.bots.quota import quota
from core.db import session, transaction
from tests.bot_client import BotClient, make_bot, used
from tests.core.bots.conftest import fail, finish
from tests.databases import on_both_databases
from tests.providers import Reply
from tests.threads import at_once

LIMIT = 5_000


def set_used(workspace, count: int, period: str = "") -> None:
    """As if that many messages of the month had been written."""
    with transaction() as current:
        current.merge(
            QuotaPeriod(
                workspace_id=workspace.id,
                period=period or clock.period_of(clock.now()),
                used=count,
            )
        )


def reserve(workspace, limit: int = LIMIT) -> str:
    with transaction() as current:
        return quota.reserve(current, workspace.id, limit)


def used_in(workspace, period: str) -> int | None:
    session().commit()
    session().expire_all()
    found = session().get(QuotaPeriod, (workspace.id, period))
    return found.used if found else None


def move_to(moment: datetime) -> None:
    clock.shift(clock.timedelta())
    clock.shift(moment - clock.now())


@on_both_databases
@pytest.mark.parametrize(
    ("before", "taken", "after"),
    [
        (None, True, 1),
        (0, True, 1),
        (LIMIT - 2, True, LIMIT - 1),
        (LIMIT - 1, True, LIMIT),
        (LIMIT, False, LIMIT),
        (LIMIT + 1, False, LIMIT + 1),
    ],
)
def test_reserving_at_the_limit(workspace, before, taken, after):
    if before is not None:
        set_used(workspace, before)
    assert bool(reserve(workspace)) == taken
    assert used(workspace) == after


@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_of_nothing_lets_nothing_through(workspace, limit):
    assert reserve(workspace, limit) == ""
    assert used(workspace) == 0


@on_both_databases
@pytest.mark.parametrize(("before", "after"), [(2, 1), (1, 0), (0, 0)])
def test_giving_back_never_goes_below_nothing(workspace, before, after):
    set_used(workspace, before)
    with transaction() as current:
        quota.release(current, workspace.id, clock.period_of(clock.now()))
        quota.release(current, workspace.id, "1999-01")
    assert used(workspace) == after


@on_both_databases
def test_of_64_at_once_exactly_the_free_ones_pass(workspace):
    set_used(workspace, LIMIT - 5)
    outcomes = at_once(64, lambda _: reserve(workspace))
    period = clock.period_of(clock.now())
    assert sorted(outcomes) == [""] * 59 + [period] * 5
    assert used(workspace) == LIMIT


@on_both_databases
def test_the_first_64_of_a_month_are_all_counted(workspace):
    assert len(set(at_once(64, lambda _: reserve(workspace)))) == 1
    assert used(workspace) == 64


@on_both_databases
def test_of_64_turns_at_once_exactly_the_free_ones_are_pending(workspace, bot):
    set_used(workspace, LIMIT - 5)

    def talk(_: int) -> str:
        conversation, _token = visitors.open_conversation(bot, "secret")
        return turns.accept(conversation, "Hello").answer.status

    assert sorted(at_once(64, talk)) == ["failed"] * 59 + ["pending"] * 5
    assert used(workspace) == LIMIT


@on_both_databases
@pytest.mark.parametrize("left", [1, 5])
def test_of_64_visitors_at_once_exactly_the_free_ones_are_answered(
    app, workspace, bot, provider, left
):
    """Through the endpoint, with a provider behind it: no more answers than messages."""
    talkers = [BotClient(app, bot) for _ in range(64)]
    set_used(workspace, LIMIT - left)
    ends = at_once(64, lambda number: talkers[number].say().last)
    assert sorted(ends) == ["done"] * left + ["error"] * (64 - left)
    assert len(provider.chats) == left
    assert used(workspace) == LIMIT


@on_both_databases
def test_reserving_and_giving_back_at_once_loses_no_count(workspace):
    set_used(workspace, 100)

    def act(number: int) -> None:
        with transaction() as current:
            if number % 2:
                quota.release(current, workspace.id, clock.period_of(clock.now()))
            else:
                quota.reserve(current, workspace.id, LIMIT)

    at_once(40, act)
    assert used(workspace) == 100


@pytest.mark.parametrize(
    ("moment", "period", "resets_on"),
    [
        (datetime(2026, 11, 30, 23, 59, 59, tzinfo=UTC), "2026-11", date(2026, 12, 1)),
        (datetime(2026, 12, 1, 0, 0, 1, tzinfo=UTC), "2026-12", date(2027, 1, 1)),
        (datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC), "2026-12", date(2027, 1, 1)),
        (datetime(2027, 1, 1, 0, 0, 1, tzinfo=UTC), "2027-01", date(2027, 2, 1)),
        (datetime(2028, 2, 29, 12, 0, 0, tzinfo=UTC), "2028-02", date(2028, 3, 1)),
        (datetime(2028, 1, 31, 12, 0, 0, tzinfo=UTC), "2028-01", date(2028, 2, 1)),
    ],
)
def test_a_month_is_the_calendars_in_utc(workspace, moment, period, resets_on):
    move_to(moment)
    assert reserve(workspace) == period
    assert quota.status(workspace).resets_on == resets_on


def test_a_new_month_begins_at_nothing(workspace, conversation):
    move_to(datetime(2026, 11, 30, 23, 59, 50, tzinfo=UTC))
    set_used(workspace, LIMIT)
    assert turns.accept(conversation, "Too late").answer.failure == "out_of_messages"
    move_to(datetime(2026, 12, 1, 0, 0, 5, tzinfo=UTC))
    assert turns.accept(conversation, "In time").answer.status == "pending"
    assert (used_in(workspace, "2026-11"), used_in(workspace, "2026-12")) == (LIMIT, 1)


def test_a_message_is_given_back_to_the_month_it_was_taken_from(workspace, conversation):
    move_to(datetime(2026, 11, 30, 23, 59, 50, tzinfo=UTC))
    turn = turns.accept(conversation, "Just before midnight")
    move_to(datetime(2026, 12, 1, 0, 0, 5, tzinfo=UTC))
    other = turns.accept(conversation, "Just after")
    fail(turn)
    assert (used_in(workspace, "2026-11"), used_in(workspace, "2026-12")) == (0, 1)
    finish(other)
    assert turns.retry(conversation, turn.answer.id).fresh
    assert (used_in(workspace, "2026-11"), used_in(workspace, "2026-12")) == (0, 2)


@pytest.mark.parametrize(
    ("count", "percent"), [(0, 0), (3_999, 79), (4_000, 80), (4_999, 99), (5_000, 100), (6_000, 100)]
)  # fmt: skip
def test_how_much_is_used(workspace, count, percent):
    set_used(workspace, count)
    assert quota.status(workspace).percent == percent


@pytest.mark.parametrize(
    ("day", "count", "projection"),
    [(1, 100, None), (2, 100, None), (3, 0, None), (3, 30, 300), (15, 450, 900), (30, 900, 900)],
)
def test_where_it_is_heading(workspace, day, count, projection):
    move_to(datetime(2026, 11, day, 12, tzinfo=UTC))
    set_used(workspace, count)
    assert quota.status(workspace).projection == projection


def test_another_workspaces_messages_are_its_own(workspace):
    from tests.people import make_person, make_workspace

    other = make_workspace(make_person("bob"), "Other", "free")
    set_used(workspace, LIMIT)
    assert reserve(other, other.plan.messages_per_month)
    assert (used(workspace), used(other)) == (LIMIT, 1)


def test_a_larger_plan_lets_the_kept_message_be_answered(app, workspace, provider):
    """At 100 % the visitor reads a neutral sentence, what they wrote is kept, and Retry works later."""
    bot_client = BotClient(app, make_bot(workspace))
    set_used(workspace, LIMIT)
    refused = bot_client.say("Do keep this")
    name, data = refused.events[-1]
    assert (name, data["code"]) == ("error", "unavailable")
    assert "Your message has been kept" in data["message"]
    for word in ("quota", "plan", "limit", "month", "upgrade"):
        assert word not in data["message"].lower()
    assert bot_client.messages()[0]["text"] == "Do keep this"
    assert not provider.calls
    assert bot_client.retry(refused.message_id).last == "error"
    workspaces.set_plan(workspace, "scale", OPERATOR)
    assert bot_client.retry(refused.message_id).last == "done"
    assert used(workspace) == LIMIT + 1


def test_a_retry_is_the_same_message(app, workspace, provider):
    bot_client = BotClient(app, make_bot(workspace))
    provider.next(Reply.status(500), times=2)
    reply = bot_client.say()
    assert used(workspace) == 0
    bot_client.retry(reply.message_id)
    assert used(workspace) == 0
    bot_client.retry(reply.message_id)
    bot_client.retry(reply.message_id)
    assert used(workspace) == 1
