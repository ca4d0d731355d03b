"""How answers end, on both databases: once, by whoever comes first, giving the message back at most once."""

from datetime import timedelta

import pytest

from core.accounts.actor import OPERATOR
from core.bots import deletion as bot_deletion
from core.bots import visitors
from core.bots.answers import outcomes, stream_log, turns
from core.bots.answers.outcomes import STALE_AFTER, Outcome
from core.db import transaction
from core.keys.store import Usable
from core.queue import redis_connection
from tests.bot_client import BotClient, key_of, make_bot, make_key, used
from tests.core.bots.conftest import finish, live_of, row_of
from tests.databases import on_both_databases
from tests.providers import Reply
from tests.threads import at_once

LONG_AGO = STALE_AFTER + timedelta(seconds=1)


def journalled(turn, *pieces: str) -> None:
    """As the process that is gone had written it."""
    position = 0
    for piece in pieces:
        fields = {"p": position, "t": piece, "over": 0}
        redis_connection().xadd(f"journal:{turn.answer.id}:{turn.answer.attempt}", fields)
        position += len(piece)


@on_both_databases
def test_a_sweep_ends_what_a_dead_process_left_with_what_it_had_said(
    workspace, conversation, shift_clock
):
    turn = turns.accept(conversation, "Hello")
    journalled(turn, "Half of ", "an answ")
    assert used(workspace) == 1
    shift_clock(LONG_AGO)
    assert outcomes.sweep() == 1
    row = row_of(turn)
    assert (row.status, row.failure, row.text) == (
        "interrupted",
        "process_ended",
        "Half of an answ",
    )
    assert row.finished_at
    assert used(workspace) == 0
    assert outcomes.sweep() == 0
    assert used(workspace) == 0


@on_both_databases
def test_many_sweeps_at_once_end_each_answer_once(workspace, bot, shift_clock):
    for _ in range(5):
        conversation, _token = visitors.open_conversation(bot, "secret")
        turns.accept(conversation, "Hello")
    alive, _token = visitors.open_conversation(bot, "secret")
    shift_clock(LONG_AGO)
    going_on = turns.accept(alive, "Hello")
    assert sum(at_once(8, lambda _: outcomes.sweep())) == 5
    assert row_of(going_on).status == "pending"
    assert used(workspace) == 1


@pytest.mark.parametrize(
    ("after", "swept"),
    [(STALE_AFTER - timedelta(seconds=2), 0), (STALE_AFTER + timedelta(seconds=2), 1)],
)
def test_an_answer_is_dead_after_30_seconds_without_a_pulse(
    conversation, shift_clock, after, swept
):
    turns.accept(conversation, "Hello")
    shift_clock(after)
    assert outcomes.sweep() == swept


def test_a_pulse_keeps_an_answer_alive_and_its_text_on_the_row(conversation, shift_clock):
    from core.bots.answers import heartbeat

    turn = turns.accept(conversation, "Hello")
    shift_clock(LONG_AGO)
    heartbeat._mark_alive([live_of(turn, "So far")])
    assert outcomes.sweep() == 0
    assert row_of(turn).text == "So far"


def test_the_longer_of_row_and_journal_is_kept(conversation, shift_clock):
    turn = turns.accept(conversation, "Hello")
    journalled(turn, "Half")
    with transaction() as current:
        current.query(type(turn.answer)).filter_by(id=turn.answer.id).update(
            {"text": "Half and more"}
        )
    shift_clock(LONG_AGO)
    outcomes.sweep()
    assert row_of(turn).text == "Half and more"


def test_a_sweep_ends_answers_without_redis_too(chosen, conversation, shift_clock):
    from core import queue

    turn = turns.accept(conversation, "Hello")
    shift_clock(LONG_AGO)
    queue.configure("redis://127.0.0.1:1/0")
    try:
        assert outcomes.sweep() == 1
    finally:
        queue.configure(chosen.redis_address)
    assert row_of(turn).status == "interrupted"


@on_both_databases
def test_of_a_task_and_a_sweep_the_first_counts(workspace, conversation, shift_clock):
    swept, finished = turns.accept(conversation, "One"), turns.accept(conversation, "Two")
    finish(finished, "Done in time")
    shift_clock(LONG_AGO)
    outcomes.sweep()
    finish(swept, "Too late")
    assert (row_of(swept).status, row_of(swept).text) == ("interrupted", "")
    assert (row_of(finished).status, row_of(finished).text) == ("complete", "Done in time")
    assert used(workspace) == 1


@on_both_databases
def test_a_task_of_an_earlier_attempt_is_ignored(workspace, conversation, shift_clock):
    turn = turns.accept(conversation, "Hello")
    shift_clock(LONG_AGO)
    outcomes.sweep()
    again = turns.retry(conversation, turn.answer.id)
    earlier = live_of(again)
    earlier.attempt = 1
    outcomes.end(earlier, Outcome.failed("overloaded"))
    row = row_of(turn)
    assert (row.status, row.attempt) == ("pending", 2)
    assert used(workspace) == 1


@on_both_databases
def test_an_answer_that_ends_many_times_gives_back_once(workspace, conversation):
    turns.accept(conversation, "Another one")
    turn = turns.accept(conversation, "Hello")
    at_once(12, lambda _: outcomes.end(live_of(turn), Outcome.failed("overloaded")))
    assert used(workspace) == 1


@pytest.mark.parametrize(
    ("text", "status", "failure", "kept"),
    [
        ("An answer.", "complete", "", 1),
        ("", "failed", "empty_answer", 0),
        (" \n\t", "failed", "empty_answer", 0),
    ],
)
def test_an_answer_without_a_word_is_none(workspace, conversation, text, status, failure, kept):
    turn = turns.accept(conversation, "Hello")
    finish(turn, text)
    row = row_of(turn)
    assert (row.status, row.failure) == (status, failure)
    assert used(workspace) == kept


def test_the_key_that_served_is_noted_with_its_version(workspace, conversation):
    key = make_key(workspace)
    turn = turns.accept(conversation, "Hello")
    used_key = Usable(key.id, key.version, "anthropic")
    outcome = Outcome(provider="anthropic", key=used_key, latency_ms=5)
    outcome.finish("Yes.")
    outcomes.end(live_of(turn, "Yes."), outcome)
    row = row_of(turn)
    assert (row.key_id, row.key_version, row.provider) == (key.id, 1, "anthropic")
    assert key_of(workspace).last_used_at


@pytest.mark.parametrize("as_json", [True, False], ids=["json", "stream"])
def test_a_bot_deleted_in_the_middle_of_an_answer_ends_it_clearly(
    app, workspace, provider, as_json
):
    bot = make_bot(workspace)
    bot_client = BotClient(app, bot)
    gate = provider.hold()

    def act(number: int):
        if number == 0:
            return bot_client.ask_json() if as_json else bot_client.say()
        gate.wait_for(1)
        bot_deletion.remove(bot, OPERATOR)
        bot_deletion.clear(bot.id)
        gate.open()
        return None

    said = next(outcome for outcome in at_once(2, act) if outcome is not None)
    if as_json:
        assert said.status_code == 404
        assert said.json["error"]["message"]
    else:
        assert said.last in ("error", "done")


def test_journals_are_over_when_the_answer_is(app, workspace, provider):
    provider.next(Reply.answer("one two three"))
    reply = BotClient(app, make_bot(workspace)).say()
    entries = list(stream_log.follow(reply.message_id, 1, wait_seconds=2))
    assert "".join(entry.text for entry in entries) == "one two three"
    assert 0 < redis_connection().ttl(f"journal:{reply.message_id}:1") <= stream_log.TTL_SECONDS
