"""Bedrock over a real connection: signed requests, binary streams, and how they break."""

import pytest

from core.providers.client import complete_chat, list_models, stream_chat
from core.providers.wire import (
    ChatRequest,
    Completion,
    Endpoint,
    Failed,
    Finished,
    Text,
    Turn,
    Usage,
)
from tests import marker
from tests.providers import Reply

MODEL = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
REQUEST = ChatRequest(MODEL, "Be brief.", (Turn("user", "one zwei 🦔"),), 100, "max_tokens")
SAID = ["You", " said:", " one", " zwei", " 🦔"]


@pytest.fixture
def endpoint(provider):
    provider.accept_bedrock(marker.bedrock_key())
    return Endpoint("bedrock", "converse", provider.url)


def streamed(endpoint, secret=None):
    events = list(stream_chat(endpoint, secret or marker.bedrock_key(), REQUEST))
    assert marker.MARKER not in repr(events)
    return events


def failed_as(events):
    assert isinstance(events[-1], Failed)
    return events[-1].failure.kind


def test_an_answer_in_one_piece(endpoint, provider):
    answer = complete_chat(endpoint, marker.bedrock_key(), REQUEST)
    assert isinstance(answer, Completion)
    assert answer.text == "".join(SAID)
    assert provider.calls[0].model == MODEL


@pytest.mark.parametrize("reply", [Reply(), Reply().dribbled(), Reply().dribbled(7)])
def test_a_stream_of_frames(endpoint, provider, reply):
    provider.next(reply)
    *texts, usage, end = streamed(endpoint)
    assert [text.text for text in texts if isinstance(text, Text)] == SAID
    assert isinstance(usage, Usage) and usage.tokens_out == len(SAID)
    assert end == Finished("end_turn")
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
    assert isinstance(complete_chat(endpoint, secret, REQUEST), Completion)


@pytest.mark.parametrize("secret", ["", "AKIA", "{}", marker.openai_key()])
def test_what_is_no_credential_goes_nowhere(endpoint, provider, secret):
    assert failed_as(streamed(endpoint, secret or " ")) == "rejected"
    assert not provider.calls


def test_bedrock_lists_no_models(endpoint, provider):
    assert list_models(endpoint, marker.bedrock_key()) is None
    assert not provider.calls
