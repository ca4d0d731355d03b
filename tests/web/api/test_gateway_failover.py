"""Two keys that serve one model, Anthropic's first and Bedrock's second: what happens to each failure.

failoverbench's sixteen scenarios are all here, over real sockets. Answers are never begun twice.
"""

import json
import time
from dataclasses import replace

import pytest

from core.gateway import cooldowns
from core.providers import endpoints
from tests import marker
from tests.bot_client import key_of, make_key
from tests.programs import Program
from tests.providers import Reply

CLAUDE = "claude-haiku-4-5"


@pytest.fixture
def program(app, cast):
    cooldowns.clear()
    make_key(cast.workspace, "anthropic")
    make_key(cast.workspace, "bedrock")
    return Program(app, cast.workspace, cast.member)


@pytest.fixture
def lonely(app, cast):
    """With Anthropic's key alone."""
    cooldowns.clear()
    make_key(cast.workspace, "anthropic")
    return Program(app, cast.workspace, cast.member)


@pytest.fixture
def hasty(monkeypatch):
    """Time-outs of tests: an answer begins within half a second, and stalls no longer."""
    quick = replace(endpoints.timeouts(), first_byte_seconds=0.5, stall_seconds=0.5)
    monkeypatch.setattr(endpoints, "timeouts", lambda: quick)


def first(provider, *replies):
    """What Anthropic says next; Bedrock answers as ever."""
    for reply in replies:
        provider.next(reply)


def upstreams_called(provider):
    return [
        "bedrock" if call.path.startswith("/model/") else "anthropic" for call in provider.chats
    ]


def is_from_bedrock(answer):
    return answer.status_code == 200 and answer.headers["x-mevichat-provider"] == "bedrock"


NEXT_AT_ONCE = {
    "401 revoked": Reply.status(401),
    "401 that echoes the key": Reply.echoing_key(),
    "402 no credit": Reply.insufficient_quota(),
    "400 credit too low": Reply.low_balance(),
    "403 no permission": Reply.missing_scope(),
    "429 with Retry-After": Reply.rate_limited(20),
    "429 without": Reply.rate_limited(None),
    "429 spend limit": Reply.spend_limit(),
}
ONCE_MORE_THEN_NEXT = {
    "500": Reply.status(500),
    "persistent 503": Reply.status(503),
    "529 overloaded": Reply.overloaded(),
    "a proxy's page": Reply.html_page(502),
    "hang up": Reply.drop_connection(),
    "reset": Reply.cut(0, reset=True),
    "an empty 200": Reply.empty_body(200),
    "an error as the first event": Reply.error_event(after_chunks=0),
}
NEVER = {
    "context length": Reply.status(
        400, message="prompt is too long: 210000 tokens > 200000 maximum"
    ),
    "content filter": Reply.status(400, message="Output blocked by content filtering policy"),
    "prefill rejected": Reply.status(400, message="This model does not support assistant prefill"),
    "unknown model": Reply.status(404),
    "too large": Reply.status(413),
    "unprocessable": Reply.status(422, message="messages: at least one message is required"),
}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("reply", NEXT_AT_ONCE.values(), ids=NEXT_AT_ONCE)
def test_what_is_wrong_with_the_key_goes_to_the_next_at_once(program, provider, reply, stream):
    first(provider, reply)
    answer = program.messages(CLAUDE, stream=stream)
    assert is_from_bedrock(answer), answer.text
    assert upstreams_called(provider) == ["anthropic", "bedrock"]


@pytest.mark.parametrize("reply", ONCE_MORE_THEN_NEXT.values(), ids=ONCE_MORE_THEN_NEXT)
def test_what_passes_by_itself_is_tried_once_more_then_the_next(program, provider, reply):
    first(provider, reply, reply)
    answer = program.messages(CLAUDE, stream=True)
    assert is_from_bedrock(answer), answer.text
    assert upstreams_called(provider) == ["anthropic", "anthropic", "bedrock"]
    assert key_of_anthropic(program).status == "valid"


@pytest.mark.parametrize("reply", ONCE_MORE_THEN_NEXT.values(), ids=ONCE_MORE_THEN_NEXT)
def test_one_such_failure_stays_with_the_first_key(program, provider, reply):
    first(provider, reply)
    answer = program.messages(CLAUDE, stream=True)
    assert answer.headers["x-mevichat-provider"] == "anthropic"
    assert upstreams_called(provider) == ["anthropic", "anthropic"]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("reply", NEVER.values(), ids=NEVER)
def test_what_is_wrong_with_the_request_goes_nowhere_else(program, provider, reply, stream):
    first(provider, reply)
    answer = program.messages(CLAUDE, stream=stream)
    assert answer.status_code == reply.what.status and answer.json["type"] == "error"
    assert upstreams_called(provider) == ["anthropic"]
    assert key_of_anthropic(program).status == "valid"


def key_of_anthropic(program):
    from core.db import session
    from core.keys import store

    session().expire_all()
    return store.get(program.workspace_id, "anthropic")


def test_silence_goes_to_the_next_key_and_is_not_waited_for_twice(program, provider, hasty):
    first(provider, Reply().slowly(first_byte_seconds=3))
    answer = program.messages(CLAUDE, stream=True)
    assert is_from_bedrock(answer) and upstreams_called(provider) == ["anthropic", "bedrock"]


def test_a_late_first_token_is_waited_for(program, provider):
    first(provider, Reply().slowly(first_byte_seconds=1.2))
    answer = program.messages(CLAUDE, stream=True)
    assert answer.headers["x-mevichat-provider"] == "anthropic" and b"message_stop" in answer.data


AFTER_THE_FIRST_BYTE = {
    "cut": Reply.cut(2),
    "reset": Reply.cut(2, reset=True),
    "truncated": Reply.truncated(2),
    "without its end marks": Reply.truncated(None),
    "malformed": Reply.malformed_chunk(2),
    "an error inside": Reply.error_event(after_chunks=2),
    "stalled": Reply.stall(2),
}


@pytest.mark.parametrize("reply", AFTER_THE_FIRST_BYTE.values(), ids=AFTER_THE_FIRST_BYTE)
def test_after_the_first_byte_nothing_is_begun_again_and_the_end_is_an_error(
    program, provider, reply, hasty
):
    first(provider, replace(reply, what=replace(reply.what, text="One two three four five")))
    answer = program.messages(CLAUDE, stream=True)
    assert answer.status_code == 200 and upstreams_called(provider) == ["anthropic"]
    last = [part for part in answer.text.split("\n\n") if part.strip()][-1]
    assert last.startswith("event: error\n") and b"message_stop" not in answer.data
    assert json.loads(last.partition("data: ")[2])["type"] == "error"
    assert program.logged()[0].code.startswith("upstream_")


@pytest.mark.parametrize("reply", AFTER_THE_FIRST_BYTE.values(), ids=AFTER_THE_FIRST_BYTE)
def test_in_the_chat_format_too_though_translated(program, provider, reply, hasty):
    first(provider, replace(reply, what=replace(reply.what, text="One two three four five")))
    answer = program.chat(CLAUDE, stream=True)
    assert answer.status_code == 200 and upstreams_called(provider) == ["anthropic"]
    assert "error" in json.loads(
        answer.text.split("data: ")[-1 if "[DONE]" not in answer.text else -2]
    )
    assert '"finish_reason": "stop"' not in answer.text.replace('":"', '": "')


def test_one_429_with_a_short_wait_is_waited_for_where_no_other_key_is(lonely, provider):
    first(provider, Reply.rate_limited(1))
    began = time.monotonic()
    assert lonely.messages(CLAUDE).status_code == 200
    assert time.monotonic() - began >= 1 and upstreams_called(provider) == ["anthropic"] * 2


def test_a_persistent_429_is_502_with_the_wait_and_nobody_is_asked_meanwhile(lonely, provider):
    first(provider, Reply.rate_limited(20))
    answer = lonely.messages(CLAUDE)
    assert (answer.status_code, answer.headers["retry-after"]) == (502, "20")
    again = lonely.messages(CLAUDE)
    assert again.status_code == 502 and 1 <= int(again.headers["retry-after"]) <= 20
    assert "is rate-limiting it" in again.json["error"]["message"]
    assert upstreams_called(provider) == ["anthropic"]
    assert key_of_anthropic(lonely).status == "valid"


def test_a_replaced_key_does_not_wait_for_the_old_ones_limit(lonely, provider, cast):
    first(provider, Reply.rate_limited(20))
    assert lonely.messages(CLAUDE).status_code == 502
    other = marker.anthropic_key("9zZ9")
    provider.accept(other)
    from core.accounts.actor import OPERATOR
    from core.keys import saving
    from core.keys.saving import Proof

    saving.save(cast.workspace.id, "anthropic", other, OPERATOR, Proof("chk_another"))
    assert lonely.messages(CLAUDE).status_code == 200


def test_with_every_key_spent_it_is_502_and_says_who_was_tried(program, provider):
    provider.always(Reply.status(500))
    answer = program.messages(CLAUDE)
    assert answer.status_code == 502
    assert len(answer.json["gateway"]["attempts"]) == 4
    assert answer.headers["x-mevichat-attempts"].count("500") == 4
    row = program.logged()[0]
    assert row.code == "upstream_credentials_exhausted" and len(row.attempts) == 4
    assert upstreams_called(provider) == ["anthropic"] * 2 + ["bedrock"] * 2


def test_flapping_every_request_is_answered_by_somebody(program, provider):
    for number in range(12):
        first(provider, *([Reply.status(503)] * (number % 3)))
        assert program.messages(CLAUDE).status_code == 200


def test_the_log_and_the_headers_tell_the_model_and_tokens_of_who_answered(program, provider):
    first(provider, Reply.status(401))
    answer = program.messages(CLAUDE)
    row = program.logged()[0]
    assert row.provider == "bedrock" and row.model_id == f"bedrock:{CLAUDE}" and row.tokens_out
    assert answer.headers["x-mevichat-model"] == f"bedrock:{CLAUDE}"
    assert answer.json["usage"]["output_tokens"] == row.tokens_out
    assert answer.headers["x-mevichat-attempts"] == "anthropic 401 rejected, bedrock 200"


def test_a_refusal_flips_the_key_and_the_next_request_passes_it_by(program, provider):
    first(provider, Reply.status(401))
    program.messages(CLAUDE)
    assert key_of_anthropic(program).status == "invalid"
    program.messages(CLAUDE)
    assert upstreams_called(provider) == ["anthropic", "bedrock", "bedrock"]


def test_the_workspaces_order_decides_who_is_first(program, provider, cast):
    from core.accounts.models import Workspace
    from core.db import transaction

    with transaction() as current:
        current.get_one(Workspace, cast.workspace.id).key_order = ["bedrock", "anthropic"]
    assert is_from_bedrock(program.messages(CLAUDE))
    assert upstreams_called(provider) == ["bedrock"]


def test_a_failed_key_is_never_replaced_by_the_platforms(lonely, provider, cast):
    provider.always(Reply.status(401))
    assert lonely.messages(CLAUDE).status_code == 502
    assert lonely.messages(CLAUDE).status_code == 502
    assert {call.key for call in provider.chats} == {marker.anthropic_key()}
    assert key_of(cast.workspace).status == "invalid"
