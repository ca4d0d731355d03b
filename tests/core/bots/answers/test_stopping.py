"""Stop, on both databases: the provider's call ends, what had come is kept, and only that counts."""

import threading

import pytest

from core import clock, queue
from core.background import BackgroundThread
from core.bots.answers import answer_task, heartbeat, outcomes, stop_signals, stopping, turns
from core.bots.answers.live_answer import LiveAnswer
from core.db import session, work_context
from core.errors import NotFound
from core.usage.models import UsageDay
from tests.bot_client import BotClient, make_bot, make_key, used
from tests.core.bots.conftest import finish, live_of, row_of
from tests.databases import on_both_databases
from tests.providers import Reply
from tests.threads import at_once

HAIKU = "anthropic:claude-haiku-4-5"


class Asking:
    """A message whose answer is held in mid-stream by the provider."""

    def __init__(self, bot_client: BotClient, text: str = "one two three") -> None:
        self.bot_client = bot_client
        self.reply = None
        self._thread = threading.Thread(target=self._run, args=(text,))
        self._thread.start()

    def _run(self, text: str) -> None:
        with work_context():
            self.reply = self.bot_client.say(text)

    @property
    def message_id(self) -> str:
        return self.bot_client.messages()[-1]["id"]

    def end(self):
        self._thread.join(20)
        assert self.reply, "the stream did not end"
        return self.reply


@pytest.fixture
def bot_client(app, workspace):
    make_key(workspace)
    return BotClient(app, make_bot(workspace, HAIKU))


def until(condition, seconds: float = 5.0) -> None:
    deadline = clock.monotonic() + seconds
    while not condition():
        assert clock.monotonic() < deadline, "it did not come to that"
        clock.sleep(0.02)


def with_a_word(asking: Asking) -> str:
    """Until some of the answer has come; its id."""
    until(lambda: any(live.text for live in answer_task._running.values()))
    return asking.message_id


def test_a_stopped_answer_keeps_what_came_and_its_message(workspace, bot_client, provider):
    gate = provider.hold()
    asking = Asking(bot_client)
    gate.wait_for(1)
    message_id = with_a_word(asking)
    stopped = bot_client.stop(message_id)
    assert (stopped.status_code, stopped.json["status"]) == (200, "interrupted")
    assert stopped.json["text"].startswith("You")
    until(lambda: provider.chats[0].client_left)
    assert gate.waiting == 0
    reply = asking.end()
    assert reply.events[-1][0] == "done"
    assert reply.events[-1][1]["status"] == "interrupted"
    row = reply.row
    assert (row.status, row.failure, row.text) == ("interrupted", "stopped", reply.text)
    assert used(workspace) == 1


def test_stopped_before_its_first_word_it_gives_its_message_back(workspace, bot_client, provider):
    provider.next(Reply.answer("late").slowly(first_byte_seconds=5))
    asking = Asking(bot_client)
    provider.wait_for_calls(1)
    assert bot_client.stop(asking.message_id).json["text"] == ""
    reply = asking.end()
    assert (reply.row.status, reply.row.failure) == ("interrupted", "stopped")
    assert used(workspace) == 0


def test_a_stop_says_nothing_against_the_key_and_counts_as_no_failure(
    workspace, bot_client, provider
):
    with provider.hold() as gate:
        asking = Asking(bot_client)
        gate.wait_for(1)
        bot_client.stop(with_a_word(asking))
        asking.end()
    session().commit()
    (day,) = session().query(UsageDay).all()
    assert (day.answered, day.failed) == (1, 0)


def test_the_tokens_that_the_provider_had_told_are_kept(bot_client, provider):
    """Anthropic tells what it read with its first event: that was billed."""
    provider.next(Reply.answer("one two three four", tokens_in=41, tokens_out=4))
    with provider.hold() as gate:
        asking = Asking(bot_client)
        gate.wait_for(1)
        bot_client.stop(with_a_word(asking))
        row = asking.end().row
    assert row.tokens_in == 41
    assert row.tokens_out is None or row.tokens_out < 4


def test_a_stopped_answer_can_be_retried_as_the_same_message(workspace, bot_client, provider):
    with provider.hold() as gate:
        asking = Asking(bot_client)
        gate.wait_for(1)
        message_id = with_a_word(asking)
        bot_client.stop(message_id)
        asking.end()
    again = bot_client.retry(message_id)
    assert (again.last, again.row.status) == ("done", "complete")
    assert again.text == "You said: one two three"
    assert used(workspace) == 1


def test_a_retry_that_fails_gives_the_stopped_answers_message_back(workspace, bot_client, provider):
    with provider.hold() as gate:
        asking = Asking(bot_client)
        gate.wait_for(1)
        message_id = with_a_word(asking)
        bot_client.stop(message_id)
        asking.end()
    provider.next(Reply.status(500), times=2)
    bot_client.retry(message_id)
    assert used(workspace) == 0
    bot_client.retry(message_id)
    bot_client.retry(message_id)
    assert used(workspace) == 1


def test_whoever_reads_it_again_is_told_that_it_was_stopped(bot_client, provider):
    with provider.hold() as gate:
        asking = Asking(bot_client)
        gate.wait_for(1)
        message_id = with_a_word(asking)
        bot_client.stop(message_id)
        reply = asking.end()
    again = bot_client.events(message_id)
    assert again.events[-1] == reply.events[-1]
    assert again.text == reply.text
    assert bot_client.messages()[-1]["stopped"] is True


def test_an_answer_that_has_ended_stays_as_it_is(bot_client):
    reply = bot_client.say("Hello")
    stopped = bot_client.stop(reply.message_id)
    assert (stopped.status_code, stopped.json["status"]) == (200, "complete")
    assert reply.row.status == "complete"


def test_nobody_stops_an_answer_of_another_conversation(app, bot_client):
    reply = bot_client.say("Hello")
    other = BotClient(app, make_bot(reply.row and bot_of(reply).workspace))
    assert other.stop(reply.message_id).status_code == 404


def bot_of(said):
    from core.bots.models import Bot

    return session().get_one(Bot, said.row.bot_id)


@on_both_databases
def test_many_stops_at_once_end_it_once(workspace, bot_client, provider):
    with provider.hold() as gate:
        asking = Asking(bot_client)
        gate.wait_for(1)
        message_id = with_a_word(asking)
        statuses = at_once(8, lambda _: bot_client.stop(message_id).status_code)
        asking.end()
    assert statuses == [200] * 8
    assert used(workspace) == 1


def test_a_process_hears_of_a_stop_through_redis_within_a_third_of_a_second(
    app, conversation, monkeypatch
):
    turn = turns.accept(conversation, "Hello")
    live = live_of(turn, "So far")
    stopped = threading.Event()
    live.on_stop(stopped.set)
    listener = BackgroundThread("stops", stop_signals._check, stop_signals.POLL_SECONDS)
    listener.start({live.message_id: live})
    clock.sleep(0.3)
    assert not stopped.is_set()
    assert stop_signals.send(live.message_id, live.attempt)
    assert stopped.wait(0.6)
    listener.stop()


def test_a_stop_of_an_earlier_attempt_is_not_one_of_the_next(conversation):
    turn = turns.accept(conversation, "Hello")
    live = LiveAnswer(turn.answer.id, turn.question_id, 2)
    stop_signals.send(turn.answer.id, 1)
    stop_signals._stop_flagged([live])
    assert not live.stopping


def test_without_a_process_that_answers_the_row_is_ended_all_the_same(
    workspace, conversation, monkeypatch
):
    monkeypatch.setattr(stopping, "WAIT_SECONDS", 0.3)
    turn = turns.accept(conversation, "Hello")
    heartbeat._mark_alive([live_of(turn, "So far")])
    stopped = stopping.stop(conversation, turn.answer.id)
    assert (stopped.status, stopped.failure, stopped.text) == ("interrupted", "stopped", "So far")
    assert used(workspace) == 1


def test_with_redis_away_the_row_is_ended_and_the_pulse_ends_the_call(
    chosen, workspace, conversation
):
    turn = turns.accept(conversation, "Hello")
    live, cancelled = live_of(turn, "So far"), threading.Event()
    live.on_stop(cancelled.set)
    heartbeat._mark_alive([live])
    assert not live.stopping
    queue.configure("redis://127.0.0.1:1/0")
    try:
        stopped = stopping.stop(conversation, turn.answer.id)
    finally:
        queue.configure(chosen.redis_address)
    assert (stopped.status, stopped.text) == ("interrupted", "So far")
    heartbeat._mark_alive([live])
    assert cancelled.is_set()
    finish(turn, "So far and more")
    assert row_of(turn).text == "So far"
    assert used(workspace) == 1


def test_a_stop_before_the_call_was_made_ends_it_when_it_is(conversation):
    live = live_of(turns.accept(conversation, "Hello"))
    live.stop()
    cancelled = threading.Event()
    live.on_stop(cancelled.set)
    assert cancelled.is_set()


def test_what_is_not_there_cannot_be_stopped(conversation):
    with pytest.raises(NotFound):
        stopping.stop(conversation, "msg_nothing")


@on_both_databases
def test_a_sweep_after_a_stop_changes_nothing(workspace, conversation, monkeypatch, shift_clock):
    monkeypatch.setattr(stopping, "WAIT_SECONDS", 0.1)
    turn = turns.accept(conversation, "Hello")
    stopping.stop(conversation, turn.answer.id)
    assert used(workspace) == 0
    shift_clock(outcomes.STALE_AFTER * 2)
    assert outcomes.sweep() == 0
    assert used(workspace) == 0
