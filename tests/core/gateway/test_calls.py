"""What is read of a program's request, and how its body goes on."""

import json

import pytest

from core.errors import Invalid
from core.gateway import calls


def call(body, route="chat", **headers):
    return calls.read(route, body, headers)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"[]",
        b'"text"',
        b"null",
        b'{"model": ""}',
        b"{}",
        b'{"model": 5}',
        b'{"model": "a b"}',
        b'{"model": "a\\nb"}',
        b'{"model": "' + b"a" * 201 + b'"}',
        b'{"model": "m", "stream": "yes"}',
        b"[" * 100_000,
        b"\xff\xfe",
    ],
)
def test_what_no_provider_could_be_asked_is_refused_with_a_sentence(body):
    with pytest.raises(Invalid):
        call(body)


def test_a_body_goes_on_byte_for_byte():
    body = b'{ "model":"m-1",\n "odd":1.0e3 , "text":"\\u00e9" }'
    assert calls.body_for(call(body), "m-1") is body


def test_only_the_models_name_is_exchanged():
    body = b'{ "stream" : true, "model" :  "m-1", "odd": 1.0e3, "text": "m-1" }'
    sent = calls.body_for(call(body), "vendor/m-1")
    assert sent == body.replace(b'"model" :  "m-1"', b'"model" :  "vendor/m-1"')


@pytest.mark.parametrize(
    "body",
    [
        b'{"metadata": {"model": "m-1"}, "model": "m-1"}',
        b'{"mode\\u006c": "m-1"}',
        b'{"model": "m\\u002d1"}',
    ],
)
def test_a_name_that_stands_elsewhere_too_is_exchanged_where_it_counts(body):
    sent = json.loads(calls.body_for(call(body), "other"))
    assert sent == {**json.loads(body), "model": "other"}


def test_of_a_callers_headers_only_the_versions_go_on():
    passed = call(
        b'{"model": "m"}',
        **{
            "anthropic-beta": "tools-1",
            "anthropic-version": "2026-10-21",
            "openai-organization": "org-1",
            "authorization": "Bearer mine",
            "x-api-key": "mine",
            "host": "elsewhere",
            "x-forwarded-host": "elsewhere",
        },
    ).headers
    assert passed == {"anthropic-beta": "tools-1", "anthropic-version": "2026-10-21"}


@pytest.mark.parametrize(
    ("more", "silent"),
    [
        ({"stream": True}, True),
        ({"stream": True, "stream_options": {"include_usage": False}}, True),
        ({"stream": True, "stream_options": 5}, True),
        ({"stream": True, "stream_options": {"include_usage": True}}, False),
        ({"stream": False}, False),
    ],
)
def test_a_stream_that_would_not_tell_its_tokens_is_asked_to(more, silent):
    call_with_usage = call(json.dumps({"model": "m", "seed": 1, **more}).encode())
    assert calls.is_silent(call_with_usage) == silent
    sent = json.loads(calls.body_with_usage(call_with_usage, "m"))
    assert sent["stream_options"]["include_usage"] is True and sent["seed"] == 1
