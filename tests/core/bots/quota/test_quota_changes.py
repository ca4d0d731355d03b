"""The quota while months and plans change, on both databases: every message counts once, where it belongs."""

from collections import Counter
from datetime import UTC, datetime
from threading import Event

import pytest

from core import clock
from core.accounts import workspaces
from core.accounts.actor import OPERATOR
from core.bots import visitors
from core.bots.answers import turns
from core.bots.answers.turns import Turn
from core.bots.models import Conversation, QuotaPeriod
from core.bots.quota import quota
from core.db import session
from tests.core.bots.conftest import fail, finish
from tests.core.bots.quota.test_notices import delivered_events
from tests.core.bots.quota.test_quota import LIMIT, move_to, set_used, used_in
from tests.databases import on_both_databases
from tests.threads import at_once

NOVEMBER, DECEMBER = "2026-11", "2026-12"
BEFORE_MIDNIGHT = datetime(2026, 11, 30, 23, 59, 30, tzinfo=UTC)
AFTER_MIDNIGHT = datetime(2026, 12, 1, 0, 0, 5, tzinfo=UTC)
MIDDLE = datetime(2026, 11, 15, 12, tzinfo=UTC)
CROWD = 64
PRO, SCALE = LIMIT, 25_000


@pytest.fixture
def talks(bot):
    """The ids of a conversation for each of a crowd."""
    return [visitors.open_conversation(bot, "a secret of the tests")[0].id for _ in range(CROWD)]


def ask(talk: str) -> Turn:
    """With everything read now, as a request does."""
    return turns.accept(session().get_one(Conversation, talk), "Hello")


def on_plan(workspace, plan: str) -> None:
    """From now on; what was read before is forgotten, as the next request would."""
    workspaces.set_plan(workspace, plan, OPERATOR)
    session().expire_all()


def outcomes_of_all(talks) -> Counter[str]:
    """How the messages of a crowd that writes at once are taken."""
    return Counter(at_once(len(talks), lambda number: ask(talks[number]).answer.status))


def given_back(workspace, period: str) -> int:
    return session().get_one(QuotaPeriod, (workspace.id, period), populate_existing=True).given_back


@on_both_databases
@pytest.mark.parametrize("left", [0, 1, 2, CROWD - 1, CROWD])
def test_of_64_at_once_as_many_pass_as_messages_are_left(workspace, talks, left):
    move_to(MIDDLE)
    set_used(workspace, LIMIT - left)
    taken = outcomes_of_all(talks)
    assert taken == Counter({"pending": left, "failed": CROWD - left}) - Counter()
    assert used_in(workspace, NOVEMBER) == LIMIT


@on_both_databases
def test_of_64_that_write_over_midnight_each_counts_in_the_month_that_took_it(workspace, talks):
    """November has eight messages left; somebody writes before midnight, the last sixteen after it."""
    move_to(BEFORE_MIDNIGHT)
    set_used(workspace, LIMIT - 8, NOVEMBER)
    written, midnight = Event(), Event()

    def write(number: int) -> str:
        if number == CROWD // 2:
            assert written.wait(10)
            clock.shift(AFTER_MIDNIGHT - datetime.now(UTC))
            midnight.set()
        elif number >= CROWD - 16:
            assert midnight.wait(10)
        period = ask(talks[number]).answer.quota_period
        written.set()
        return period

    taken = Counter(at_once(CROWD, write))
    assert set(taken) <= {NOVEMBER, DECEMBER, ""}
    assert 1 <= taken[NOVEMBER] <= 8
    assert taken[DECEMBER] >= 17
    assert not taken[""] or taken[NOVEMBER] == 8
    assert used_in(workspace, NOVEMBER) == LIMIT - 8 + taken[NOVEMBER]
    assert used_in(workspace, DECEMBER) == taken[DECEMBER]


def test_what_fails_after_midnight_goes_back_to_the_month_before_it(workspace, talks):
    """Half a crowd's answers of November fail in December, while the other half writes."""
    move_to(BEFORE_MIDNIGHT)
    set_used(workspace, 100, NOVEMBER)
    turns = [ask(talk) for talk in talks[::2]]
    move_to(AFTER_MIDNIGHT)

    def act(number: int) -> None:
        if number % 2:
            ask(talks[number])
        else:
            fail(turns[number // 2])

    assert at_once(CROWD, act) == [None] * CROWD
    assert (used_in(workspace, NOVEMBER), used_in(workspace, DECEMBER)) == (100, CROWD // 2)
    assert (given_back(workspace, NOVEMBER), given_back(workspace, DECEMBER)) == (CROWD // 2, 0)


def test_what_was_refused_in_a_full_month_is_taken_by_the_next(workspace, conversation):
    move_to(BEFORE_MIDNIGHT)
    set_used(workspace, LIMIT, NOVEMBER)
    refused = turns.accept(conversation, "Do keep this")
    assert not turns.retry(conversation, refused.answer.id).fresh
    move_to(AFTER_MIDNIGHT)
    again = turns.retry(conversation, refused.answer.id)
    assert (again.fresh, again.answer.quota_period) == (True, DECEMBER)
    finish(again)
    assert (used_in(workspace, NOVEMBER), used_in(workspace, DECEMBER)) == (LIMIT, 1)


def test_an_upgrade_keeps_what_was_used_and_gives_the_difference(workspace, talks):
    move_to(MIDDLE)
    set_used(workspace, PRO)
    assert outcomes_of_all(talks) == {"failed": CROWD}
    on_plan(workspace, "scale")
    standing = quota.status(workspaces.by_slug(workspace.slug))
    assert (standing.used, standing.limit, standing.percent) == (PRO, SCALE, 20)
    assert outcomes_of_all(talks) == {"pending": CROWD}
    assert used_in(workspace, NOVEMBER) == PRO + CROWD


def test_a_downgrade_below_what_was_used_blocks_at_once_and_an_upgrade_opens_again(
    workspace, talks
):
    move_to(MIDDLE)
    on_plan(workspace, "scale")
    set_used(workspace, PRO + 1_000)
    assert outcomes_of_all(talks) == {"pending": CROWD}
    on_plan(workspace, "pro")
    assert outcomes_of_all(talks) == {"failed": CROWD}
    assert used_in(workspace, NOVEMBER) == PRO + 1_000 + CROWD
    on_plan(workspace, "scale")
    assert outcomes_of_all(talks) == {"pending": CROWD}
    assert used_in(workspace, NOVEMBER) == PRO + 1_000 + 2 * CROWD


def test_what_fails_after_a_downgrade_is_given_back_and_blocks_no_less(workspace, conversation):
    move_to(MIDDLE)
    on_plan(workspace, "scale")
    set_used(workspace, PRO + 1)
    turn = turns.accept(conversation, "Hello")
    on_plan(workspace, "pro")
    fail(turn)
    assert used_in(workspace, NOVEMBER) == PRO + 1
    assert not turns.retry(conversation, turn.answer.id).fresh
    set_used(workspace, PRO - 1)
    assert turns.retry(conversation, turn.answer.id).fresh
    assert used_in(workspace, NOVEMBER) == PRO


@on_both_databases
def test_a_plan_that_changes_under_a_crowd_loses_no_count(workspace, talks):
    """Who read the larger plan may still be taken by it: counted is what was taken, no more and no less."""
    move_to(MIDDLE)
    on_plan(workspace, "scale")
    set_used(workspace, PRO - 5)
    plans = ["pro" if number % 2 else "scale" for number in range(8)]

    def act(number: int) -> str:
        if number % 8 == 0:
            workspaces.set_plan(workspace, plans[number // 8], OPERATOR)
            return ""
        return ask(talks[number]).answer.status

    taken = Counter(at_once(CROWD, act))
    assert taken["pending"] + taken["failed"] == CROWD - 8
    assert used_in(workspace, NOVEMBER) == PRO - 5 + taken["pending"]


def test_each_is_told_once_a_month_however_often_the_plan_changes(workspace, conversation):
    move_to(MIDDLE)
    set_used(workspace, PRO * 80 // 100 - 1)
    for plan in ("pro", "scale", "pro", "free", "scale", "free", "pro"):
        on_plan(workspace, plan)
        turns.accept(conversation, f"On {plan}")
    assert delivered_events() == ["quota_near", "quota_full"]
    move_to(AFTER_MIDNIGHT)
    set_used(workspace, PRO - 1)
    for plan in ("pro", "free", "scale"):
        on_plan(workspace, plan)
        turns.accept(conversation, f"In December on {plan}")
    assert delivered_events() == ["quota_near", "quota_full", "quota_full"]


@on_both_databases
def test_of_a_crowd_that_a_downgrade_blocks_one_message_tells(workspace, talks):
    move_to(MIDDLE)
    on_plan(workspace, "scale")
    set_used(workspace, PRO + 1)
    on_plan(workspace, "pro")
    assert outcomes_of_all(talks) == {"failed": CROWD}
    assert delivered_events() == ["quota_full"]
