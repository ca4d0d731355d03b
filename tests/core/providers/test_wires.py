"""Both formats, as pure functions: what is sent, what a whole answer and a stream are read as."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.http import Cut
from core.providers import anthropic, openai
from core.providers.client import settled
from core.providers.documents import Malformed, at, count_at, storable
from core.providers.wire import (
    ChatRequest,
    Completion,
    Failed,
    Finished,
    Text,
    Turn,
    Usage,
)

REQUEST = ChatRequest(
    model="some-model",
    system="Be brief.",
    turns=(Turn("user", "Hello"), Turn("assistant", "Hi"), Turn("user", "Bye")),
    max_output_tokens=100,
    output_limit_field="max_completion_tokens",
)
TURNS = [
    {"role": "user", "content": "Hello"},
    {"role": "assistant", "content": "Hi"},
    {"role": "user", "content": "Bye"},
]


def sse(*data):
    return "".join(f"data: {d if isinstance(d, str) else json.dumps(d)}\n\n" for d in data).encode()


def read(wire, *data):
    """The settled events, with a failure as its kind."""
    events = settled(wire.events([sse(*data)], "somebody", "a-secret"))
    return [e.failure.kind if isinstance(e, Failed) else e for e in events]


# What is sent


def test_openai_is_asked_in_its_own_words():
    system = {"role": "system", "content": "Be brief."}
    expected = {
        "model": "some-model",
        "messages": [system, *TURNS],
        "max_completion_tokens": 100,
    }
    assert openai.body(REQUEST, stream=False) == expected
    streamed = expected | {"stream": True, "stream_options": {"include_usage": True}}
    assert openai.body(REQUEST, stream=True) == streamed


def test_anthropic_is_asked_in_its_own_words():
    request = ChatRequest("m", "Be brief.", REQUEST.turns, 100, "max_tokens")
    expected = {"model": "m", "messages": TURNS, "system": "Be brief.", "max_tokens": 100}
    assert anthropic.body(request, stream=False) == expected
    assert anthropic.body(request, stream=True) == expected | {"stream": True}


@pytest.mark.parametrize("wire", [openai, anthropic])
def test_without_instructions_or_limit_neither_is_sent(wire):
    body = wire.body(ChatRequest("m", "", (Turn("user", "x"),), 9, None), stream=False)
    assert body == {"model": "m", "messages": [{"role": "user", "content": "x"}]}


# Whole answers


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (
            {
                "choices": [{"message": {"content": "Hi"}, "finish_reason": "stop"}],
                "usage": {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4},
            },
            Completion("Hi", Usage(3, 1), "stop"),
        ),
        (
            {"choices": [{"message": {"content": None}, "finish_reason": "length"}]},
            Completion("", Usage(), "length"),
        ),
        ({"choices": []}, Completion("", Usage(), None)),
        (
            {"choices": [7], "usage": {"prompt_tokens": True, "completion_tokens": -1}},
            Completion("", Usage(), None),
        ),
    ],
)
def test_openai_whole_answers(document, expected):
    assert openai.completion(document) == expected


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (
            {
                "content": [
                    {"type": "thinking", "thinking": "…", "text": "no"},
                    {"type": "text", "text": "H"},
                    {"type": "text", "text": "i"},
                ],
                "stop_reason": "end_turn",
                "usage": {
                    "input_tokens": 1,
                    "cache_creation_input_tokens": 20,
                    "cache_read_input_tokens": 300,
                    "output_tokens": 2,
                },
            },
            Completion("Hi", Usage(321, 2), "end_turn"),
        ),
        ({"content": [], "stop_reason": "max_tokens"}, Completion("", Usage(), "max_tokens")),
        ({"content": [None, 3, {"type": "text", "text": 5}]}, Completion("", Usage(), None)),
    ],
)
def test_anthropic_whole_answers(document, expected):
    assert anthropic.completion(document) == expected


@pytest.mark.parametrize("wire", [openai, anthropic])
@pytest.mark.parametrize("document", [{}, {"choices": "x", "content": "x"}])
def test_something_else_is_no_answer(wire, document):
    with pytest.raises(Malformed):
        wire.completion(document)


# OpenAI's streams


def delta(text=None, finish=None, **more):
    return {"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": finish}], **more}


USAGE = {"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 2}}
HI = [delta("", role="assistant"), delta("Hi"), delta(" you")]
HI_EVENTS = [Text("Hi"), Text(" you")]
STOP = delta(finish="stop", usage=None)
OPENAI_ERROR = {"error": {"message": "busy", "code": "rate_limit_exceeded"}}

OPENAI_STREAMS = [
    ([*HI, STOP, USAGE, "[DONE]"], [*HI_EVENTS, Usage(5, 2), Finished("stop")]),
    ([*HI, STOP, "[DONE]"], [*HI_EVENTS, Finished("stop")]),
    ([*HI, STOP], [*HI_EVENTS, Finished("stop")]),
    ([*HI, STOP, USAGE], [*HI_EVENTS, Usage(5, 2), Finished("stop")]),
    ([*HI, delta("!", "length"), "[DONE]"], [*HI_EVENTS, Text("!"), Finished("length")]),
    ([*HI, delta(finish="stop", **{"usage": USAGE["usage"]})], None),
    ([*HI, "[DONE]"], [*HI_EVENTS, "truncated"]),
    (HI, [*HI_EVENTS, "truncated"]),
    ([], ["truncated"]),
    (["[DONE]"], ["truncated"]),
    ([*HI, '{"choices": [{"del', STOP, "[DONE]"], [*HI_EVENTS, "malformed"]),
    ([*HI, "[1]"], [*HI_EVENTS, "malformed"]),
    ([*HI, OPENAI_ERROR, STOP, "[DONE]"], [*HI_EVENTS, "unavailable"]),
    ([*HI, STOP, OPENAI_ERROR], [*HI_EVENTS, "unavailable"]),
    ([*HI, USAGE, {"error": {"code": 429}}], [*HI_EVENTS, Usage(5, 2), "rate_limited"]),
    ([*HI, STOP, "[DONE]", delta("late")], [*HI_EVENTS, Finished("stop")]),
    ([{"choices": "x"}, {"choices": [None]}, {"usage": 3}, STOP], [Finished("stop")]),
]


@pytest.mark.parametrize(("data", "expected"), OPENAI_STREAMS)
def test_openai_streams(data, expected):
    expected = expected or [*HI_EVENTS, Usage(5, 2), Finished("stop")]
    assert read(openai, *data) == expected


# Anthropic's streams

START = {
    "type": "message_start",
    "message": {
        "usage": {"input_tokens": 4, "cache_read_input_tokens": 6, "output_tokens": 1},
    },
}
A_HI = [
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "ping"},
    {"type": "content_block_delta", "delta": {"type": "thinking_delta", "thinking": "hm"}},
    {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "Hi"}},
    {"type": "content_block_delta", "delta": {"type": "text_delta", "text": " you"}},
    {"type": "content_block_stop", "index": 0},
]


def ending(tokens, **usage):
    usage = {"output_tokens": tokens, **usage}
    return {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": usage}


A_STOP = {"type": "message_stop"}
A_ERROR = {"type": "error", "error": {"type": "x", "message": "m", "code": 529}}

ANTHROPIC_STREAMS = [
    ([START, *A_HI, ending(7), A_STOP], [*HI_EVENTS, Usage(10, 7), Finished("end_turn")]),
    (
        [START, *A_HI, ending(3), ending(7), A_STOP],
        [*HI_EVENTS, Usage(10, 7), Finished("end_turn")],
    ),
    (
        [START, ending(7, input_tokens=9, cache_read_input_tokens=None), A_STOP],
        [Usage(15, 7), Finished("end_turn")],
    ),
    ([START, *A_HI, ending(7)], [*HI_EVENTS, Usage(10, 7), "truncated"]),
    ([START, *A_HI], [*HI_EVENTS, Usage(10, 1), "truncated"]),
    ([*A_HI, A_STOP], [*HI_EVENTS, Finished(None)]),
    ([START, *A_HI, A_ERROR, A_STOP], [*HI_EVENTS, Usage(10, 1), "overloaded"]),
    ([START, *A_HI, "not json"], [*HI_EVENTS, Usage(10, 1), "malformed"]),
    ([START, *A_HI, A_STOP, A_ERROR], [*HI_EVENTS, Usage(10, 1), Finished(None)]),
    ([{"type": "something_new", "delta": 5, "message": []}, A_STOP], [Finished(None)]),
    ([], ["truncated"]),
]


@pytest.mark.parametrize(("data", "expected"), ANTHROPIC_STREAMS)
def test_anthropic_streams(data, expected):
    assert read(anthropic, *data) == expected


# Both


@pytest.mark.parametrize(
    ("wire", "data"),
    [(openai, [*HI, STOP, USAGE, "[DONE]"]), (anthropic, [START, *A_HI, ending(7), A_STOP])],
)
@given(size=st.integers(1, 40))
def test_how_finely_a_stream_is_cut_makes_no_difference(wire, data, size):
    stream = sse(*data)
    buffers = [stream[start : start + size] for start in range(0, len(stream), size)]
    assert list(settled(wire.events(buffers, "somebody", "a-secret"))) == read(wire, *data)


@pytest.mark.parametrize(
    ("stream", "ends_in"), [(sse(*HI, STOP), Finished), (sse(*HI), Failed), (b"", Failed)]
)
def test_a_connection_that_breaks_after_the_last_word_took_nothing(stream, ends_in):
    def buffers():
        yield stream
        raise Cut

    *_, last = settled(openai.events(buffers(), "somebody", "a-secret"))
    assert isinstance(last, ends_in)


def test_an_event_without_end_is_malformed():
    buffers = [b"data: "] + [b"x" * 65536] * 20
    assert list(settled(openai.events(buffers, "somebody", "")))[-1].failure.kind == "malformed"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["choices", "delta", "content", "usage", "message", "type", "text"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=15,
)


@pytest.mark.parametrize("wire", [openai, anthropic])
@given(document=JSON)
def test_no_document_whatever_makes_a_stream_raise(wire, document):
    events = read(wire, document)
    assert len([e for e in events if not isinstance(e, Text | Usage)]) == 1


# Reading


@pytest.mark.parametrize(
    ("document", "path", "found"),
    [
        ({"a": [{"b": 1}]}, ("a", 0, "b"), 1),
        ({"a": [1]}, ("a", 1), None),
        ({"a": [1]}, ("a", "0"), None),
        ({"a": 1}, ("a", "b", "c"), None),
        ("text", (0,), None),
        (None, (), None),
    ],
)
def test_a_path_that_is_not_there_is_nothing(document, path, found):
    assert at(document, *path) == found


@pytest.mark.parametrize(
    ("value", "count"),
    [(0, 0), (10**9, 10**9), (10**9 + 1, None), (-1, None), (True, None), (1.0, None)],
)
def test_a_count_is_a_whole_number_that_a_column_holds(value, count):
    assert count_at({"n": value}, "n") == count


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("ab\0c", "abc"),
        ("ü\0", "ü"),
        ("\ud83d\ude00", "😀"),
        ("\ud83d", "\ufffd"),
        ("x\udc00", "x\ufffd"),
    ],
)
def test_text_can_always_be_stored(text, stored):
    assert storable(text) == stored
    storable(text).encode()
