"""The formats that keys are proved by beside the two of bots: Converse, responses, filling in."""

import json

import pytest

from core.providers import converse, fim, responses
from core.providers.client import settled
from core.providers.documents import Malformed
from core.providers.wire import ChatRequest, Completion, Failed, Finished, Text, Turn, Usage

TURNS = (Turn("user", "Hello"), Turn("assistant", "Hi"), Turn("user", "Bye"))
REQUEST = ChatRequest("some-model", "Be brief.", TURNS, 100, "max_tokens")
BARE = ChatRequest("some-model", "", TURNS[2:], 100, None)


def test_converse_is_asked_in_its_own_words():
    assert converse.body(REQUEST, stream=True) == {
        "messages": [
            {"role": "user", "content": [{"text": "Hello"}]},
            {"role": "assistant", "content": [{"text": "Hi"}]},
            {"role": "user", "content": [{"text": "Bye"}]},
        ],
        "system": [{"text": "Be brief."}],
        "inferenceConfig": {"maxTokens": 100},
    }
    assert converse.body(BARE, stream=False) == {
        "messages": [{"role": "user", "content": [{"text": "Bye"}]}]
    }


def test_responses_are_asked_in_their_own_words():
    asked = responses.body(REQUEST, stream=True)
    assert asked.pop("input") == [
        {"type": "message", "role": turn.role, "content": turn.text} for turn in TURNS
    ]
    assert asked == {
        "model": "some-model",
        "store": False,
        "instructions": "Be brief.",
        "max_output_tokens": 100,
        "stream": True,
    }
    assert set(responses.body(BARE, stream=False)) == {"model", "input", "store"}


def test_filling_in_is_asked_with_what_was_said_last():
    filled = {"model": "some-model", "prompt": "Bye", "suffix": ""}
    assert fim.body(REQUEST, stream=True) == filled | {"max_tokens": 100, "stream": True}
    assert fim.body(BARE, stream=False) == filled


@pytest.mark.parametrize(
    ("wire", "document", "completion"),
    [
        (
            converse,
            {
                "output": {"message": {"content": [{"reasoningContent": {}}, {"text": "Hi"}]}},
                "stopReason": "end_turn",
                "usage": {"inputTokens": 3, "outputTokens": 1},
            },
            Completion("Hi", Usage(3, 1), "end_turn"),
        ),
        (converse, {"output": {"message": {"content": []}}}, Completion("", Usage(), None)),
        (
            responses,
            {
                "status": "completed",
                "output": [
                    {"type": "reasoning"},
                    {"content": [{"text": "Hi"}, {"text": "!"}]},
                    {"content": None},
                ],
                "usage": {"input_tokens": 3, "output_tokens": 1},
            },
            Completion("Hi!", Usage(3, 1), "completed"),
        ),
        (
            fim,
            {"choices": [{"message": {"content": "pass"}, "finish_reason": "stop"}]},
            Completion("pass", Usage(), "stop"),
        ),
    ],
)
def test_a_whole_answer_is_read(wire, document, completion):
    assert wire.completion(document) == completion


@pytest.mark.parametrize("wire", [converse, responses, fim])
@pytest.mark.parametrize(
    "document", [{}, {"output": 1}, {"output": {"message": []}}, {"choices": 2}]
)
def test_what_is_no_answer_is_malformed(wire, document):
    with pytest.raises(Malformed):
        wire.completion(document)


def read(*chunks):
    stream = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks).encode()
    events = settled(responses.events([stream], "perplexity", "a-secret"))
    return [event.failure.kind if isinstance(event, Failed) else event for event in events]


DELTA = {"type": "response.output_text.delta", "delta": "Hi"}


@pytest.mark.parametrize("last", ["completed", "incomplete"])
def test_a_stream_of_a_response_is_read_to_its_end(last):
    whole = {"status": last, "usage": {"input_tokens": 3, "output_tokens": 1}}
    told = read(
        {"type": "response.created"}, DELTA, {"type": f"response.{last}", "response": whole}
    )
    assert told == [Text("Hi"), Usage(3, 1), Finished(last)]


def test_a_stream_of_a_response_may_fail_or_be_cut():
    failed = {"status": "failed", "error": {"code": "429", "message": "slow"}}
    assert read(DELTA, {"type": "response.failed", "response": failed}) == [
        Text("Hi"),
        "rate_limited",
    ]
    assert read(DELTA, {"type": "error", "message": "no"}) == [Text("Hi"), "unavailable"]
    assert read(DELTA) == [Text("Hi"), "truncated"]
