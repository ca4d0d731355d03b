"""Bedrock over a real connection: signed requests, binary streams, and how they break."""

import pytest

from core.providers.client import complete_chat, list_models, stream_chat
from core.providers.formats.request import ChatRequest, Text, Turn
from core.providers.formats.response import ChatResponse, Failed, Stop, TextDelta, Usage
from core.providers.wire import Endpoint
from tests import marker
from tests.providers import Reply

MODEL = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
REQUEST = ChatRequest("Be brief.", (Turn("user", (Text("one zwei 🦔"),)),), max_tokens=100)
SAID = ["You", " said:", " one", " zwei", " 🦔"]


@pytest.fixture
def endpoint(provider):
    provider.accept_bedrock(marker.bedrock_key())
    return Endpoint("bedrock", "converse", provider.url)


def streamed(endpoint, secret=None):
    events = list(stream_chat(endpoint, secret or marker.bedrock_key(), REQUEST, MODEL))
    assert marker.MARKER not in repr(events)
    return events


def failed_as(events):
    assert isinstance(events[-1], Failed)
    return events[-1].failure.kind


def test_an_answer_in_one_piece(endpoint, provider):
    answer = complete_chat(endpoint, marker.bedrock_key(), REQUEST, MODEL)
    assert isinstance(answer, ChatResponse)
    assert answer.text == "".join(SAID)
    assert provider.calls[0].model == MODEL


@pytest.mark.parametrize("reply", [Reply(), Reply().dribbled(), Reply().dribbled(7)])
def test_a_stream_of_frames(endpoint, provider, reply):
    provider.next(reply)
    *parts, usage, end = streamed(endpoint)
    assert [part.text for part in parts if isinstance(part, TextDelta)] == SAID
    assert isinstance(usage, Usage) and usage.tokens_out == len(SAID)
    assert end == Stop("end")
    assert provider.calls[0].path.endswith("%3A0/converse-stream")


@pytest.mark.parametrize("reply", [Reply.cut(), Reply.truncated()])
def test_a_stream_that_is_cut(endpoint, provider, reply):
    provider.next(reply)
    assert failed_as(streamed(endpoint)) == "truncated"


def test_a_stream_that_stops_making_sense(endpoint, provider):
    provider.next(Reply.malformed_chunk())
    assert failed_as(streamed(endpoint)) == "malformed"


def test_an_exception_in_a_stream(endpoint, provider):
    provider.next(Reply.error_event())
    assert failed_as(streamed(endpoint)) in ("unavailable", "overloaded", "rate_limited")


def test_a_wrong_signature_is_rejected(endpoint):
    wrong = marker.bedrock_key().replace("ccc", "cdc", 1)
    assert failed_as(streamed(endpoint, wrong)) == "rejected"


def test_a_key_of_bedrocks_own_is_a_bearer(endpoint, provider):
    key = "ABSK" + "x" * 40
    provider.accept(key)
    secret = f'{{"apiKey": "{key}", "region": "us-east-1"}}'
    assert isinstance(complete_chat(endpoint, secret, REQUEST, MODEL), ChatResponse)


@pytest.mark.parametrize("secret", ["", "AKIA", "{}", marker.openai_key()])
def test_what_is_no_credential_goes_nowhere(endpoint, provider, secret):
    assert failed_as(streamed(endpoint, secret or " ")) == "rejected"
    assert not provider.calls


def test_bedrock_lists_no_models(endpoint, provider):
    assert list_models(endpoint, marker.bedrock_key()) is None
    assert not provider.calls
