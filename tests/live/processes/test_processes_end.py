"""What is left of an answer when one of the product's processes ends in the middle of it."""

import os
import signal

import pytest

from tests.bot_client import make_bot, make_key, used
from tests.live.children import until
from tests.live.member import Member
from tests.live.product import status_of
from tests.live.visitor import Visitor

pytestmark = pytest.mark.xdist_group("live-2")

MODEL = "anthropic:claude-haiku-4-5"
STREAMS = 10


@pytest.fixture
def bot(workspace, provider):
    make_key(workspace)
    return make_bot(workspace, MODEL)


@pytest.fixture
def visitor(bot, visitors_of):
    return visitors_of(bot.id, 1)[0]


def test_a_stream_begun_on_one_web_process_is_followed_on_another(live, provider, visitor):
    gate = provider.hold()
    stream_start = visitor.say("one two three four").until("delta")
    first = live.web_process_of(stream_start.port)
    until_journalled(live, stream_start)
    first.suspend()  # so that the other one has to take the next connection
    try:
        followed = visitor.follow(stream_start.message_id, stream_start.last.id).until("message")
        second = live.web_process_of(followed.port)
    finally:
        first.resume()
    gate.open()
    assert second.pid != first.pid
    assert stream_start.text + followed.to_its_end().text == "You said: one two three four"
    assert followed.last == stream_start.to_its_end().last
    assert stream_start.last.name == "done"
    assert stream_start.text == "You said: one two three four"


@pytest.mark.slow  # 30 s of silence, then the next of the schedule's rounds, every 10
def test_answer_of_a_killed_web_process_is_interrupted_and_can_be_retried(
    live, workspace, provider, visitor
):
    gate = provider.hold()
    stream_start = visitor.say("one two three").until("delta")
    until_journalled(live, stream_start)
    os.kill(live.web_process_of(stream_start.port).pid, signal.SIGKILL)
    stream_start.to_its_end()
    assert stream_start.last.name == "delta"
    assert used(workspace) == 1

    followed = visitor.follow(stream_start.message_id, stream_start.last.id).to_its_end()
    assert (followed.last.name, followed.last.data["status"]) == ("error", "interrupted")
    question, answer = visitor.messages()
    assert (question["text"], question["status"]) == ("one two three", "complete")
    assert (answer["text"], answer["status"]) == (stream_start.text, "interrupted")
    assert stream_start.text
    assert live.message(stream_start.message_id)["failure"] == "process_ended"
    assert used(workspace) == 0

    gate.open()
    assert visitor.retry(stream_start.message_id).to_its_end().text == "You said: one two three"
    assert used(workspace) == 1


def test_10_streams_come_to_their_end_while_the_web_stops(live, workspace, provider, bot):
    """Eight are read to their end; two visitors leave before it."""
    gate = provider.hold()
    streams = [Visitor(live.port, bot.id).say("Hello").until("delta") for _ in range(STREAMS)]
    for left in streams[8:]:
        left.close()
    web = live["web"]
    web.tell(signal.SIGTERM)
    until(lambda: status_of(live.port, "/healthz") == 0, 10, "no more requests taken")
    assert not web.ended
    gate.open()
    said = [stream.to_its_end() for stream in streams[:8]]
    assert {(stream.text, stream.last.name) for stream in said} == {("You said: Hello", "done")}
    assert web.wait() == 0
    rows = [live.message(stream.message_id) for stream in streams]
    assert {(row["text"], row["status"]) for row in rows} == {("You said: Hello", "complete")}
    live.start("web")
    live.wait_until_ready()


def test_answers_come_to_their_end_while_redis_is_away_and_checks_work_again_after(
    live, owner, workspace, provider, visitor
):
    gate = provider.hold()
    stream_start = visitor.say("Hello").until("delta")
    live["redis"].kill()
    gate.open()
    assert stream_start.to_its_end().last.name == "done"
    assert live.message(stream_start.message_id)["text"] == "You said: Hello"
    assert visitor.say("And now?").to_its_end().text == "You said: And now?"
    live.start("redis")
    live.wait_until_ready()
    member = Member(live, owner.email)
    tested = member.post(f"/w/{workspace.slug}/provider-keys/anthropic/checks")
    assert member.outcome(tested)[0] == "passed"


def until_journalled(live, stream):
    """Until other processes can know what was said so far."""
    log_key = f"journal:{stream.message_id}:1"
    until(lambda: live.redis.exists(log_key), 5, "the answer's journal")
