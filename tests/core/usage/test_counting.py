"""What is counted with an answer's end: once, exactly, however many count at the same moment."""

from datetime import timedelta

from core import clock
from core.accounts.actor import OPERATOR
from core.bots import deletion as bot_deletion
from core.bots import visitors
from core.bots.answers import outcomes, turns
from core.bots.answers.outcomes import STALE_AFTER, Outcome
from core.db import transaction
from core.keys.store import Usable
from core.usage import counting
from tests.core.bots.conftest import fail, finish, live_of, say
from tests.core.usage.conftest import counts, rows
from tests.databases import on_both_databases
from tests.threads import at_once


def count(workspace, bot, **more):
    place = {"provider": "mevichat", "model_id": "mevichat:mini", "key_id": None} | more
    numbers = {name: place.pop(name) for name in list(place) if name in ("answered", "tokens_in")}
    with transaction() as current:
        counting.count(current, workspace.id, bot.id, **place, **numbers)


@on_both_databases
def test_of_many_that_count_at_once_on_a_fresh_day_none_is_lost(workspace, bot):
    outcomes = at_once(16, lambda n: count(workspace, bot, answered=1, tokens_in=n))
    assert outcomes == [None] * 16
    assert counts() == [(16, 0, 0, sum(range(16)), 0)]


@on_both_databases
def test_of_many_ends_of_one_answer_one_counts(workspace, conversation):
    turn = turns.accept(conversation, "Hello")
    outcome = Outcome(provider="mevichat", tokens_in=3, tokens_out=2)
    outcome.finish("Hi")
    at_once(8, lambda _: outcomes.end(live_of(turn, "Hi"), outcome))
    assert counts() == [(1, 0, 0, 3, 2)]


def test_a_failed_attempt_counts_as_failed_and_the_retry_as_answered(conversation):
    turn = turns.accept(conversation, "Hello")
    fail(turn)
    assert counts() == [(0, 1, 0, 0, 0)]
    finish(turns.retry(conversation, turn.answer.id))
    assert counts() == [(1, 1, 0, 3, 2)]


def test_tokens_of_an_attempt_that_broke_off_are_counted(conversation):
    turn = turns.accept(conversation, "Hello")
    outcome = Outcome.failed("truncated", "mevichat")
    outcome.tokens_in, outcome.tokens_out = 7, None
    outcomes.end(live_of(turn, "Half"), outcome)
    assert counts() == [(0, 1, 0, 7, 0)]


def test_an_answer_that_a_dead_process_left_counts_as_failed(conversation, shift_clock):
    turns.accept(conversation, "Hello")
    shift_clock(STALE_AFTER + timedelta(seconds=1))
    outcomes.sweep()
    outcomes.sweep()
    assert counts() == [(0, 1, 0, 0, 0)]


def test_an_answer_for_which_no_message_was_left_counts_as_failed(
    conversation, monkeypatch, workspace
):
    from core.bots.quota import quota

    monkeypatch.setattr(quota, "reserve", lambda *_: "")
    turn = turns.accept(conversation, "Hello")
    assert turn.answer.status == "failed"
    turns.retry(conversation, turn.answer.id)
    assert counts() == [(0, 2, 0, 0, 0)]
    assert rows()[0].provider == "mevichat"


@on_both_databases
def test_each_day_key_and_model_has_a_row_of_its_own(workspace, bot, shift_clock):
    count(workspace, bot, answered=1)
    count(workspace, bot, answered=1, key_id="key_1")
    count(workspace, bot, answered=1, model_id="mevichat:other")
    shift_clock(timedelta(days=1))
    count(workspace, bot, answered=1)
    found = {(row.day, row.model_id, row.key_id) for row in rows()}
    today, yesterday = clock.today(), clock.today() - timedelta(days=1)
    assert found == {
        (yesterday, "mevichat:mini", ""),
        (yesterday, "mevichat:mini", "key_1"),
        (yesterday, "mevichat:other", ""),
        (today, "mevichat:mini", ""),
    }


def test_an_answer_counts_on_the_day_on_which_it_ended(conversation, shift_clock):
    turn = turns.accept(conversation, "Hello")
    shift_clock(timedelta(days=1))
    finish(turn)
    assert [row.day for row in rows()] == [clock.today()]


def test_the_key_and_model_of_the_attempt_are_named(workspace, conversation):
    turn = turns.accept(conversation, "Hello")
    outcome = Outcome(provider="anthropic", key=Usable("key_9", 1, "anthropic"), tokens_in=1)
    outcome.finish("Hi")
    outcomes.end(live_of(turn, "Hi"), outcome)
    (row,) = rows()
    assert (row.provider, row.model_id, row.key_id) == ("anthropic", "mevichat:mini", "key_9")


@on_both_databases
def test_use_stays_when_its_bot_is_deleted(bot, conversation):
    say(conversation)
    bot_deletion.remove(bot, OPERATOR)
    bot_deletion.clear(bot.id)
    assert counts() == [(1, 0, 0, 3, 2)]


@on_both_databases
def test_an_answer_whose_bot_was_deleted_meanwhile_ends_without_a_trace(bot):
    conversation, _ = visitors.open_conversation(bot, "secret")
    turn = turns.accept(conversation, "Hello")
    bot_deletion.remove(bot, OPERATOR)
    bot_deletion.clear(bot.id)
    finish(turn)
    assert counts() == []
