"""Following an answer: wherever a reader was cut off, going on from its last event gives the whole text."""

import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core import queue
from core.bots.answers import answer_task, live_answer, replay, stream_log, turns
from core.bots.answers.live_answer import LiveAnswer, event_id, position_from_event_id
from core.bots.models import Message
from core.db import work_context
from tests.bot_client import BotClient, make_bot
from tests.core.bots.conftest import fail, finish, say
from tests.providers import Reply
from tests.threads import at_once

PIECES = st.lists(st.text(alphabet="aé名💥 \n", min_size=1, max_size=6), min_size=1, max_size=12)


def text_of(events) -> str:
    return "".join(event.data["text"] for event in events if event.name == "delta")


def collected(events) -> list:
    return [event for event in events if event.name != "ping"]


@settings(max_examples=60, deadline=None, database=None)
@given(
    pieces=PIECES, cut=st.integers(min_value=0, max_value=100), pauses=st.sets(st.integers(0, 11))
)
def test_any_cut_of_a_running_answer_goes_on_without_a_gap(pieces, cut, pauses):
    """Read live by one reader, cut after any event, gone on with by another."""
    running = LiveAnswer("msg_1", "msg_0", 1)
    seen = []
    reader = threading.Thread(target=lambda: seen.extend(running.follow(0)))
    reader.start()
    for number, piece in enumerate(pieces):
        running.add(piece)
        if number in pauses:
            time.sleep(0.0005)
    running.end("done", {})
    reader.join(5)
    assert text_of(seen) == "".join(pieces)
    read = seen[: cut % len(seen)]
    position = position_from_event_id(read[-1].id, 1) if read else 0
    again = list(running.follow(position))
    assert text_of(read) + text_of(again) == "".join(pieces)
    assert [event.name for event in again].count("done") == 1


@settings(max_examples=60, deadline=None, database=None)
@given(pieces=PIECES, number=st.integers(min_value=0, max_value=100))
def test_any_position_of_a_finished_answer_goes_on_without_a_gap(pieces, number):
    text = "".join(pieces)
    position = number % (len(text) + 1)
    answer = Message(
        id="msg_1", reply_to="msg_0", attempt=3, status="complete", text=text, failure=""
    )
    events = list(replay.follow(answer, event_id(3, position)))
    assert text[:position] + text_of(events) == text
    assert [event.name for event in events if event.name != "delta"] == ["message", "done"]


@pytest.mark.parametrize(
    ("seen", "position"),
    [
        ("2.5", 5), ("2.0", 0), ("2.999999999", 999_999_999), ("1.5", 0), ("3.5", 0), ("", 0), ("2", 0),
        ("2.", 0), ("2.end", 0), ("2.-1", 0), ("2.²", 0), ("2.١", 0), ("02.5", 0), ("2.5.6", 0),
        ("2." + "9" * 5_000, 999_999_999),
    ],
)  # fmt: skip
def test_what_a_last_event_id_means(seen, position):
    assert position_from_event_id(seen, 2) == position


def test_a_position_past_the_end_gives_the_end_alone(conversation):
    row = say(conversation, "Hello", "Short.")
    events = list(replay.follow(row, "1.9999"))
    assert [event.name for event in events] == ["message", "done"]


def test_a_new_attempt_is_told_from_its_beginning(conversation):
    turn = turns.accept(conversation, "Hello")
    fail(turn, "Half an ans")
    again = turns.retry(conversation, turn.answer.id)
    finish(again, "A whole answer")
    events = list(replay.follow(_row(again), "1.8"))
    assert text_of(events) == "A whole answer"


@pytest.mark.parametrize("cut", [0, 1, 7, 13, 14])
def test_another_process_goes_on_from_the_journal(app, conversation, cut):
    """This process knows the answer from Redis alone, until its row has ended."""
    turn = turns.accept(conversation, "Hello")
    pieces = ["one ", "two ", "three ", "four"]
    events = []
    reader = _in_thread(lambda: events.extend(replay.follow(turn.answer, f"1.{cut}")))
    _write_stream_log(turn, pieces)
    finish(turn, "".join(pieces))
    reader.join(10)
    whole = "".join(pieces)
    assert whole[:cut] + text_of(events) == whole
    assert [event.name for event in collected(events)][-1] == "done"


def test_a_hole_in_the_journal_is_filled_from_the_row(app, conversation, monkeypatch):
    """Redis was away for a moment: what it did not hear is not left out of the text."""
    monkeypatch.setattr(replay, "POLL_SECONDS", 0.1)
    turn = turns.accept(conversation, "Hello")
    events = []
    reader = _in_thread(lambda: events.extend(replay.follow(turn.answer)))
    stream_log.write(turn.answer.id, 1, 0, "one ")
    stream_log.write(turn.answer.id, 1, 8, "three")
    time.sleep(0.3)
    finish(turn, "one two three")
    reader.join(10)
    assert text_of(events) == "one two three"


def test_without_redis_another_process_waits_for_the_row(app, chosen, conversation, monkeypatch):
    monkeypatch.setattr(replay, "POLL_SECONDS", 0.05)
    turn = turns.accept(conversation, "Hello")
    events = []
    queue.configure("redis://127.0.0.1:1/0")
    try:
        reader = _in_thread(lambda: events.extend(replay.follow(turn.answer)))
        time.sleep(0.2)
        finish(turn, "All at once")
        reader.join(10)
    finally:
        queue.configure(chosen.redis_address)
    assert text_of(events) == "All at once"
    assert "ping" in [event.name for event in events]


def test_a_silent_stream_is_pinged(monkeypatch):
    monkeypatch.setattr(live_answer, "PING_SECONDS", 0.02)
    running = LiveAnswer("msg_1", "msg_0", 1)
    threading.Timer(0.1, lambda: running.end("done", {})).start()
    names = [event.name for event in running.follow(0)]
    assert names[0] == "ping"
    assert names[-1] == "done"


def test_many_readers_of_one_answer_read_the_same(app, workspace, provider):
    """The same message sent again by other tabs, in the middle of its answer."""
    bot_client = BotClient(app, make_bot(workspace))
    provider.next(Reply.answer("one two three four five", chunk_delay_seconds=0.05))
    gate, said = provider.hold(), []
    first = _in_thread(lambda: said.append(bot_client.say("Hello", client_message_id="c-1")))
    gate.wait_for(1)

    def join_in(number: int) -> None:
        if number == 0:
            gate.open()
        said.append(bot_client.say("Hello", client_message_id="c-1"))

    at_once(5, join_in)
    first.join(10)
    assert [one.text for one in said] == ["one two three four five"] * 6
    assert {one.last for one in said} == {"done"}
    assert len(provider.chats) == 1


def test_an_answer_goes_on_when_its_visitor_leaves(app, workspace, provider):
    bot_client = BotClient(app, make_bot(workspace))
    provider.next(Reply.answer("one two three", chunk_delay_seconds=0.05))
    response = bot_client.client.post(
        f"{bot_client.url}/messages",
        json={"text": "Hello"},
        headers=bot_client.headers(),
        buffered=False,
    )
    first = next(iter(response.response))
    response.close()
    assert b"event: message" in (first if isinstance(first, bytes) else first.encode())
    answer_task.drain(5)
    assert bot_client.messages()[1]["text"] == "one two three"
    assert provider.chats[0].client_left is False


def _write_stream_log(turn, pieces) -> None:
    position = 0
    for piece in pieces:
        stream_log.write(turn.answer.id, turn.answer.attempt, position, piece)
        position += len(piece)


def _in_thread(act) -> threading.Thread:
    def run() -> None:
        with work_context():
            act()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def _row(turn) -> Message:
    from tests.core.bots.conftest import row_of

    return row_of(turn)
