"""A key is replaced while the product is busy: who started on the old one finishes on it."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from core.accounts.actor import Actor
from core.keys import saving
from core.keys.models import VALID
from core.keys.saving import Proof
from tests import marker
from tests.bot_client import key_of, make_bot, make_key, used
from tests.live.children import until
from tests.live.member import Member
from tests.providers import Reply

pytestmark = pytest.mark.xdist_group("live-2")

MODEL = "anthropic:claude-haiku-4-5"
OLD, NEW = marker.anthropic_key("oLd1"), marker.anthropic_key("nEw2")
STREAMS = 20
PROVEN = Reply.status(
    200,
    body={
        "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-haiku-4-5",
        "content": [{"type": "text", "text": "Yes."}],
        "stop_reason": "end_turn", "usage": {"input_tokens": 9, "output_tokens": 2},
    },
)  # fmt: skip
"""What the check of a key is told at once, while every stream is held."""


def test_20_streams_finish_on_the_old_key_and_the_next_20_use_the_new_one(
    live, owner, workspace, provider, visitors_of
):
    provider.accept(OLD, NEW)
    provider.when(lambda call: call.key == NEW and not call.stream, PROVEN)
    make_key(workspace, secret=OLD)
    visitors = visitors_of(make_bot(workspace, MODEL).id, STREAMS)
    gate = provider.hold()
    with ThreadPoolExecutor(STREAMS) as crowd:
        answers = [crowd.submit(complete, visitor, "Before") for visitor in visitors]
        gate.wait_for(STREAMS, timeout_seconds=30)
        replace_key(live, owner, workspace)
        provider.revoke(OLD)
        assert gate.waiting == STREAMS
        gate.open()
        assert {answer.result() for answer in answers} == {"You said: Before"}
        assert set(crowd.map(complete, visitors, ["After"] * STREAMS)) == {"You said: After"}
    keys = [call.key for call in provider.chats if call.stream]
    assert keys == [OLD] * STREAMS + [NEW] * STREAMS
    assert used(workspace) == 2 * STREAMS
    versions = [row["key_version"] for row in answers_of(live, workspace)]
    assert versions == [1] * STREAMS + [2] * STREAMS


def test_a_late_401_for_the_old_version_does_not_flip_the_new_one(
    live, workspace, provider, visitors_of
):
    """The key is refused in the middle of a stream that began on it."""
    provider.accept(OLD, NEW)
    provider.when(OLD, Reply.error_event("authentication_error"))
    make_key(workspace, secret=OLD)
    (visitor,) = visitors_of(make_bot(workspace, MODEL).id, 1)
    gate = provider.hold()
    stream = visitor.say("Hello").until("delta")
    saving.save(workspace.id, "anthropic", NEW, Actor("Olga"), Proof("chk_of_the_replacement"))
    gate.open()
    assert stream.to_its_end().last.name == "error"
    answer = live.message(stream.message_id)
    assert (answer["failure"], answer["key_version"]) == ("rejected", 1)
    key = key_of(workspace)
    assert (key.status, key.version, key.reason) == (VALID, 2, "")
    assert visitor.retry(stream.message_id).to_its_end().text == "You said: Hello"


def complete(visitor, text):
    stream = visitor.say(text).to_its_end()
    assert stream.last.name == "done", stream.events
    return stream.text


def replace_key(live, owner, workspace):
    """As a person does it, with the page and the real worker behind it."""
    member = Member(live, owner.email)
    url = f"/w/{workspace.slug}/provider-keys/anthropic/replacement"
    state, page = member.outcome(member.post(url, {"secret": NEW}))
    assert state == "saved", page
    until(lambda: key_of(workspace).version == 2, 5, "the new version")


def answers_of(live, workspace):
    query = "SELECT * FROM messages WHERE workspace_id = ? AND role = 'answer' ORDER BY created_at"
    return live.rows(query, workspace.id)
