"""Anything at all may stand anywhere in what comes in: it is refused by name or read, never an accident."""

import copy
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import Invalid
from core.providers.documents import Malformed
from core.providers.formats import FORMATS
from core.providers.formats.request import ChatRequest
from core.providers.formats.response import Failed, Stop
from tests.core.providers.formats import test_answers as answers
from tests.core.providers.formats import test_requests as requests
from tests.core.providers.formats import test_streams as streams

JSON_ASKS = {**requests.ASKS, "response_format": requests.JSON_SCHEMA, "tool_choice": "auto"}
ASKED = [
    ("chat", requests.CHAT),
    ("chat", JSON_ASKS),
    ("messages", requests.CLAUDE_CODE),
    ("messages", {**requests.CLAUDE_CODE, "tool_choice": {"type": "tool", "name": "Bash"}}),
    (
        "messages",
        {**requests.ASKS, "output_config": {"format": {"type": "json_schema", "schema": {}}}},
    ),
    ("responses", {"input": "x", "text": {"format": {"type": "json_schema", "schema": {}}}}),
    ("responses", requests.CODEX),
]
CHUNKS = [
    streams.delta(role="assistant", content="", reasoning_content="Hm"),
    streams.delta(tool_calls=[streams.piece(0, "c1", "f", "{}")]),
    streams.delta("stop", content=[{"type": "thinking", "thinking": [{"text": "x"}]}]),
    streams.USAGE,
]
STREAMED = [
    ("chat", CHUNKS),
    ("messages", streams.ANTHROPIC),
    ("responses", [*streams.AGENT, {"type": "response.completed", "response": streams.DONE}]),
    ("converse", [{"kind": kind, "event": event} for kind, event in streams.BEDROCK]),
]
ANSWERED = [
    ("chat", answers.OPENAI),
    ("messages", answers.ANTHROPIC),
    ("responses", answers.PERPLEXITY),
    ("converse", answers.BEDROCK),
]
junk = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.floats(allow_nan=False) | st.text(max_size=5)
    | st.sampled_from(["text", "function", "image", "tool_use", "tool", "message", "reasoning"]),
    lambda inner: st.lists(inner, max_size=2)
    | st.dictionaries(st.sampled_from(["type", "text", "content", "name", "id"]), inner, max_size=2),
    max_leaves=4,
)  # fmt: skip
thorough = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


def places(value, path=()):
    """Every place in a document."""
    yield path
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
        if isinstance(inner, dict | list):
            yield from places(inner, (*path, key))
        else:
            yield (*path, key)


def with_junk(document, path, value):
    found = copy.deepcopy(document)
    holder = found
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = value
    return found


@st.composite
def spoilt(draw, document):
    path = draw(st.sampled_from([path for path in places(document) if path]))
    return with_junk(document, path, draw(junk))


@pytest.mark.parametrize(("name", "document"), ASKED)
@given(data=st.data())
@thorough
def test_a_request_with_junk_in_it_is_read_or_refused(name, document, data):
    try:
        request = FORMATS[name].read_request(data.draw(spoilt(document)))
    except Invalid as refused:
        assert refused.message
        return
    for provider in FORMATS:
        try:
            json.dumps(FORMATS[provider].write_request(request, "claude-x"))
        except Invalid as refused:
            assert refused.field


@pytest.mark.parametrize(("name", "events"), STREAMED)
@given(data=st.data())
@thorough
def test_a_stream_with_junk_in_it_has_an_end(name, events, data):
    found = data.draw(spoilt(events))
    if name == "converse":
        source = [
            (str(one.get("kind")), event)
            for one in found
            if isinstance(one, dict) and isinstance(event := one.get("event"), dict)
        ]
    else:
        source = [streams.sse(*found)]
    parts = list(streams.parts_of(name, source, "somebody"))
    assert isinstance(parts[-1], Stop | Failed)
    assert not any(isinstance(part, Stop | Failed) for part in parts[:-1])
    for caller in ("chat", "messages", "responses"):
        assert b"".join(FORMATS[caller].write_stream(iter(parts), "m", "r", ChatRequest()))


@pytest.mark.parametrize(("name", "document"), ANSWERED)
@given(data=st.data())
@thorough
def test_an_answer_with_junk_in_it_is_read_or_malformed(name, document, data):
    try:
        response = FORMATS[name].read_answer(data.draw(spoilt(document)))
        for caller in ("chat", "messages", "responses"):
            json.dumps(FORMATS[caller].write_answer(response, "m", "r"))
    except Malformed:
        pass
