"""What bots and key checks send, in each format: instructions, the turns so far, and a limit."""

from dataclasses import replace

import pytest

from core.errors import Invalid
from core.providers import catalogue
from core.providers.formats import FORMATS
from core.providers.formats.request import ChatRequest, JsonFormat, Text, Tool, Turn
from core.providers.wire import route_of

SAID = [("user", "Hello"), ("assistant", "Hi"), ("user", "Bye")]
REQUEST = ChatRequest(
    system="Be brief.",
    turns=tuple(Turn(role, (Text(text),)) for role, text in SAID),
    max_tokens=100,
    output_limit_field="max_completion_tokens",
)
BARE = ChatRequest(turns=REQUEST.turns[2:])
TURNS = [{"role": role, "content": text} for role, text in SAID]
SENT = {
    "chat": {
        "model": "m",
        "messages": [{"role": "system", "content": "Be brief."}, *TURNS],
        "max_completion_tokens": 100,
    },
    "messages": {"model": "m", "messages": TURNS, "system": "Be brief.", "max_tokens": 100},
    "responses": {
        "model": "m",
        "input": [{"type": "message", **turn} for turn in TURNS],
        "store": False,
        "instructions": "Be brief.",
        "max_output_tokens": 100,
    },
    "converse": {
        "messages": [{"role": role, "content": [{"text": text}]} for role, text in SAID],
        "system": [{"text": "Be brief."}],
        "inferenceConfig": {"maxTokens": 100},
    },
    "fim": {"model": "m", "prompt": "Bye", "suffix": "", "max_tokens": 100},
}
WHEN_STREAMED = {
    "chat": {"stream": True, "stream_options": {"include_usage": True}},
    "messages": {"stream": True},
    "responses": {"stream": True},
    "converse": {},  # The address says so, and names the model.
    "fim": {"stream": True},
}


@pytest.mark.parametrize("name", FORMATS)
def test_each_format_has_its_own_words_for_a_request(name):
    write = FORMATS[name].write_request
    assert write(REQUEST, "m") == SENT[name]
    assert write(replace(REQUEST, stream=True), "m") == SENT[name] | WHEN_STREAMED[name]


@pytest.mark.parametrize("name", FORMATS)
def test_without_instructions_or_limit_neither_is_sent(name):
    sent = FORMATS[name].write_request(BARE, "m")
    always = {"max_tokens"} if name == "messages" else set()
    expected = {
        "chat": {"model", "messages"},
        "messages": {"model", "messages"},
        "responses": {"model", "input", "store"},
        "converse": {"messages"},
        "fim": {"model", "prompt", "suffix"},
    }
    assert set(sent) == expected[name] | always


def test_the_limit_has_the_name_that_the_model_knows():
    by_name = replace(REQUEST, output_limit_field=None)
    assert "max_completion_tokens" in FORMATS["chat"].write_request(by_name, "gpt-5-mini")
    assert "max_tokens" in FORMATS["chat"].write_request(by_name, "some-model")


@pytest.mark.parametrize(
    "request_",
    [replace(BARE, tools=(Tool("f", "", {}),)), replace(BARE, json=JsonFormat())],
)
def test_filling_in_knows_no_tools_and_no_json(request_):
    with pytest.raises(Invalid):
        FORMATS["fim"].write_request(request_, "m")


def test_every_provider_speaks_a_format_that_is_here():
    assert {route_of(provider.wire) for provider in catalogue.providers()} <= set(FORMATS)
