"""A stream that passes through: whole or not, what failed in it, its tokens."""

import json

import pytest

from core.gateway.stream_guard import StreamGuard, format_of
from core.providers.failures import FailureKind
from core.providers.formats.response import Usage


def data(**document):
    return f"data: {json.dumps(document)}\n\n".encode()


def chunk(text="", finish=None, **more):
    return data(choices=[{"delta": {"content": text}, "finish_reason": finish}], **more)


CHAT = (
    chunk("Hel")
    + chunk("lo", "stop")
    + data(choices=[], usage={"prompt_tokens": 7, "completion_tokens": 2})
    + b"data: [DONE]\n\n"
)
MESSAGES = (
    data(
        type="message_start",
        message={"usage": {"input_tokens": 3, "cache_read_input_tokens": 4, "output_tokens": 1}},
    )
    + data(type="content_block_delta", delta={"type": "text_delta", "text": "Hi"})
    + data(type="message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 2})
    + data(type="message_stop")
)
RESPONSES = data(type="response.output_text.delta", delta="Hi") + data(
    type="response.completed", response={"usage": {"input_tokens": 7, "output_tokens": 2}}
)
WHOLE = {"chat": CHAT, "messages": MESSAGES, "responses": RESPONSES}


def guarded(route, stream, size=0):
    guard = StreamGuard(route, "openai", "the-secret-of-the-test")
    pieces = [stream[at : at + size] for at in range(0, len(stream), size)] if size else [stream]
    passed = [guard.feed(piece) for piece in pieces]
    assert all(passed) == guard.is_readable
    return guard


@pytest.mark.parametrize("size", [0, 1, 7])
@pytest.mark.parametrize("route", WHOLE)
def test_a_whole_stream_is_whole_however_it_is_cut(route, size):
    guard = guarded(route, WHOLE[route], size)
    cached = 4 if route == "messages" else None
    assert guard.failure is None and guard.usage == Usage(7, 2, cached)


@pytest.mark.parametrize("route", WHOLE)
def test_a_stream_without_its_end_mark_is_no_answer(route):
    events = WHOLE[route].split(b"\n\n")
    cut = b"\n\n".join(events[:1]) + b"\n\n"
    assert guarded(route, cut).failure.kind is FailureKind.truncated


def test_done_alone_proves_nothing():
    assert guarded("chat", chunk("Hi") + b"data: [DONE]\n\n").failure.kind is FailureKind.truncated


@pytest.mark.parametrize(
    ("route", "event"),
    [
        ("chat", data(error={"message": "Overloaded", "type": "server_error"})),
        ("messages", data(type="error", error={"type": "overloaded_error", "message": "Busy"})),
        ("responses", data(type="response.failed", response={"error": {"message": "No"}})),
        ("responses", data(type="error", error={"message": "No"})),
    ],
)
def test_an_error_inside_is_a_failure_even_with_an_end_mark_after_it(route, event):
    guard = guarded(route, event + WHOLE[route])
    assert guard.failure_inside and guard.failure is guard.failure_inside and guard.is_readable


@pytest.mark.parametrize("junk", [b"data: {broken\n\n", b"data: []\n\n", b"data: 5\n\n"])
def test_what_cannot_be_read_is_not_passed_on(junk):
    guard = StreamGuard("chat", "openai", "s")
    assert guard.feed(chunk("Hi")) and not guard.feed(junk)
    assert guard.failure.kind is FailureKind.malformed and not guard.is_readable


def test_a_text_that_looks_like_an_end_is_a_text():
    text = 'data: [DONE]\n\n{"finish_reason": "stop"} {"type": "message_stop"}'
    assert guarded("chat", chunk(text)).failure.kind is FailureKind.truncated


def test_embeddings_tell_their_tokens():
    assert format_of("embeddings").read_usage({"usage": {"prompt_tokens": 9}}) == Usage(9, None)
