"""The loopback provider itself, over real HTTP: what every other test of a provider relies on.

Longer than a module should be, because it is one list of claims about one thing.
"""

import http.client
import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.providers import Call, LoopbackProvider, Reply

KEY = "sk-loopback-0123456789-wxyz"
OTHER_KEY = "sk-loopback-other-0123-abcd"
TIMEOUT_SECONDS = 5
SESSION = requests.Session()
SESSION.trust_env = False  # No proxy stands between this machine and itself.


@dataclass(frozen=True)
class Client:
    """Asks the provider in one of its formats, as a program with `requests` would."""

    provider: LoopbackProvider
    wire: str

    def ask(self, text: str = "hello there", *, key: str = KEY, **body: Any) -> requests.Response:
        """A chat request; body fields can be added, or left out by None."""
        path = "/v1/messages" if self.wire == "anthropic" else "/v1/chat/completions"
        default = {
            "model": "claude-haiku-4-5" if self.wire == "anthropic" else "gpt-5-mini",
            "messages": [{"role": "user", "content": text}],
            "max_tokens": 16 if self.wire == "anthropic" else None,
        }
        sent = {name: value for name, value in (default | body).items() if value is not None}
        return SESSION.post(
            self.provider.url + path,
            json=sent,
            headers=self.headers(key),
            stream=True,
            timeout=TIMEOUT_SECONDS,
            allow_redirects=False,
        )

    def stream(self, text: str = "hello there", **body: Any) -> requests.Response:
        return self.ask(text, stream=True, **body)

    def models(self, key: str = KEY) -> requests.Response:
        url = f"{self.provider.url}/v1/models"
        return SESSION.get(url, headers=self.headers(key), timeout=TIMEOUT_SECONDS)

    def headers(self, key: str) -> dict[str, str]:
        if self.wire == "anthropic":
            return {"x-api-key": key, "anthropic-version": "2023-06-01"}
        return {"authorization": f"Bearer {key}"}


@pytest.fixture
def provider() -> Iterator[LoopbackProvider]:
    with LoopbackProvider() as running:
        running.accept(KEY)
        yield running


@pytest.fixture(params=["anthropic", "openai"])
def client(request: pytest.FixtureRequest, provider: LoopbackProvider) -> Client:
    """Runs a test twice, once a format."""
    return Client(provider, request.param)


@pytest.fixture
def anthropic(provider: LoopbackProvider) -> Client:
    return Client(provider, "anthropic")


@pytest.fixture
def openai(provider: LoopbackProvider) -> Client:
    return Client(provider, "openai")


def data_lines(response: requests.Response) -> list[str]:
    """What follows `data:` in a stream, read to its end."""
    return re.findall(r"^data: (.*?)\r?$", response.content.decode(), re.MULTILINE)


def events(response: requests.Response) -> list[dict[str, Any]]:
    """The JSON of a stream's events, the end mark of OpenAI left out."""
    return [json.loads(line) for line in data_lines(response) if line != "[DONE]"]


def text_in(found: list[dict[str, Any]]) -> str:
    """The text of a stream's events in either format."""
    deltas = [event.get("delta") or _openai_delta(event) for event in found]
    return "".join(delta.get("text") or delta.get("content") or "" for delta in deltas)


def _openai_delta(event: dict[str, Any]) -> dict[str, Any]:
    return event["choices"][0]["delta"] if event.get("choices") else {}


def text_of(response: requests.Response) -> str:
    """The text of an answer that was not streamed, in either format."""
    body = response.json()
    if "content" in body:
        return "".join(block["text"] for block in body["content"])
    return str(body["choices"][0]["message"]["content"])


def code_of(response: requests.Response) -> str | None:
    """Anthropic's error type, OpenAI's error code."""
    error: dict[str, str | None] = response.json()["error"]
    return error["code"] if "code" in error else error["type"]


def read_until(chunks: Iterator[bytes], text: str) -> None:
    """Reads up to the first chunk with this text in it, and leaves the rest.

    Takes the iterator, for a response of `requests` is closed when its iterator is forgotten.
    """
    assert any(text.encode() in chunk for chunk in chunks), f"the stream ended without {text}"


# Answers


def test_answer_repeats_the_last_user_message(client: Client) -> None:
    said = [("user", "first"), ("assistant", "so"), ("user", "last words")]
    messages = [{"role": role, "content": content} for role, content in said]
    assert text_of(client.ask(messages=messages)) == "You said: last words"
    assert text_in(events(client.stream(messages=messages))) == "You said: last words"


def test_user_message_may_be_content_blocks(client: Client) -> None:
    blocks = [{"type": "text", "text": "in a block"}]
    messages = [{"role": "user", "content": blocks}]
    assert text_of(client.ask(messages=messages)) == "You said: in a block"


def test_stream_says_what_the_whole_answer_says(client: Client) -> None:
    client.provider.always(Reply.answer("  Grüße, 世界 🙂\n\n- one\n- two \n"))
    assert text_in(events(client.stream())) == text_of(client.ask())


def test_anthropic_stream_has_the_vendors_events_in_order(anthropic: Client) -> None:
    response = anthropic.stream()
    named = re.findall(r"^event: (.*)$", response.content.decode(), re.MULTILINE)
    assert named == [event["type"] for event in events(response)]
    opening = ["message_start", "content_block_start", "ping"]
    closing = ["content_block_stop", "message_delta", "message_stop"]
    assert named == opening + ["content_block_delta"] * 4 + closing


def test_anthropic_counts_input_first_and_all_output_last(anthropic: Client) -> None:
    reply = Reply.answer("a b c", tokens_in=70, tokens_out=500, tokens_cached=20)
    anthropic.provider.always(reply)
    found = {event["type"]: event for event in events(anthropic.stream())}
    first = found["message_start"]["message"]["usage"]
    assert (first["input_tokens"], first["cache_read_input_tokens"]) == (50, 20)
    assert first["output_tokens"] == 1
    assert found["message_delta"]["usage"] == {"output_tokens": 500}
    whole = anthropic.ask().json()["usage"]
    assert (whole["input_tokens"], whole["output_tokens"]) == (50, 500)


def test_openai_streams_usage_only_when_asked(openai: Client) -> None:
    openai.provider.always(Reply.answer("a b", tokens_in=7, tokens_out=9))
    assert all("usage" not in event for event in events(openai.stream()))
    *others, last = events(openai.stream(stream_options={"include_usage": True}))
    assert all(event["usage"] is None for event in others)
    assert last["choices"] == []
    counts = {"prompt_tokens": 7, "completion_tokens": 9, "total_tokens": 16}
    assert counts.items() <= last["usage"].items()
    assert counts.items() <= openai.ask().json()["usage"].items()


def test_openai_stream_ends_with_a_finish_reason_and_done(openai: Client) -> None:
    response = openai.stream()
    assert data_lines(response)[-1] == "[DONE]"
    assert [event["choices"][0]["finish_reason"] for event in events(response)][-1] == "stop"


def test_answer_at_its_limit_says_so(anthropic: Client, openai: Client) -> None:
    openai.provider.always(Reply.answer("", tokens_out=16, at_limit=True))
    assert anthropic.ask().json()["stop_reason"] == "max_tokens"
    assert openai.ask().json()["choices"][0]["finish_reason"] == "length"


def test_every_response_carries_the_vendors_headers(anthropic: Client, openai: Client) -> None:
    refused = anthropic.ask(key="wrong")
    assert refused.json()["request_id"] == refused.headers["request-id"]
    assert int(anthropic.ask().headers["anthropic-ratelimit-requests-remaining"]) > 0
    assert openai.ask().headers["x-request-id"] != openai.ask().headers["x-request-id"]
    assert int(openai.ask(key="wrong").headers["x-ratelimit-remaining-requests"]) > 0


def test_connection_serves_one_request_after_the_other(provider: LoopbackProvider) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", provider.port, timeout=TIMEOUT_SECONDS)
    headers = {"authorization": f"Bearer {KEY}"}
    for stream in (True, False, True):
        messages = [{"role": "user", "content": "again"}]
        body = {"model": "m", "messages": messages, "stream": stream}
        connection.request("POST", "/v1/chat/completions", json.dumps(body), headers)
        opened = connection.sock
        assert "again" in connection.getresponse().read().decode()
        assert connection.sock is opened
    connection.close()


# Keys, models and what a vendor refuses


def test_key_is_good_from_accept_to_revoke(client: Client) -> None:
    assert client.ask(key=OTHER_KEY).status_code == 401
    client.provider.accept(OTHER_KEY)
    assert client.ask(key=OTHER_KEY).status_code == 200
    client.provider.revoke(OTHER_KEY)
    assert client.ask(key=OTHER_KEY).status_code == 401
    assert client.ask().status_code == 200


def test_answer_under_way_survives_the_end_of_its_key(client: Client) -> None:
    gate = client.provider.hold()
    with ThreadPoolExecutor(1) as pool:
        pending = pool.submit(lambda: text_in(events(client.stream())))
        gate.wait_for(1)
        client.provider.revoke(KEY)
        gate.open()
        assert pending.result() == "You said: hello there"


def test_every_key_can_be_good_but_not_none(client: Client) -> None:
    client.provider.accept_every_key()
    assert client.ask(key="whatever").status_code == 200
    assert client.ask(key="").status_code == 401


def test_refused_key_gets_the_vendors_own_401(anthropic: Client, openai: Client) -> None:
    assert anthropic.ask(key="bad").json()["error"] == {
        "type": "authentication_error",
        "message": "invalid x-api-key",
    }
    error = openai.ask(key=OTHER_KEY).json()["error"]
    assert error["code"] == "invalid_api_key"
    assert "sk-loopb***************abcd" in error["message"]
    assert OTHER_KEY not in error["message"]


def test_key_in_the_other_vendors_header_is_no_key(anthropic: Client, openai: Client) -> None:
    for pending, text in ((anthropic, openai), (openai, anthropic)):
        url = pending.ask().url
        response = SESSION.post(url, json={}, headers=text.headers(KEY), timeout=TIMEOUT_SECONDS)
        assert response.status_code == 401


def test_anthropic_wants_its_version_header(provider: LoopbackProvider) -> None:
    url = f"{provider.anthropic_base_url}/v1/messages"
    response = SESSION.post(url, json={}, headers={"x-api-key": KEY}, timeout=TIMEOUT_SECONDS)
    assert response.status_code == 400
    assert response.json()["error"]["message"] == "anthropic-version: header is required"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"max_tokens": None}, "max_tokens: Field required"),
        ({"max_tokens": 0}, "max_tokens: must be greater"),
        ({"model": None}, "model: Field required"),
        ({"messages": []}, "at least one message"),
        ({"messages": ["hello"]}, "messages: Input should be a valid list"),
        ({"messages": [{"role": "system", "content": "x"}]}, 'Unexpected role "system"'),
        ({"messages": [{"role": "user", "content": " "}]}, "must be non-empty"),
        ({"stream_options": {}}, "stream_options: Extra inputs"),
        ({"temperature": 1.5}, "temperature: range"),
    ],
)
def test_anthropic_refuses_a_bad_body(anthropic: Client, body: Any, message: str) -> None:
    response = anthropic.ask(**body)
    assert (response.status_code, code_of(response)) == (400, "invalid_request_error")
    assert message in response.json()["error"]["message"]


@pytest.mark.parametrize(
    ("body", "code", "param"),
    [
        ({"max_tokens": 16}, "unsupported_parameter", "max_tokens"),
        ({"max_tokens": 16, "model": "gpt-6-luna"}, "unsupported_parameter", "max_tokens"),
        ({"temperature": 0.2}, "unsupported_value", "temperature"),
        ({"stream_options": {"include_usage": True}}, None, "stream_options"),
        ({"model": None}, None, None),
        ({"messages": None}, "missing_required_parameter", "messages"),
        ({"messages": []}, "empty_array", "messages"),
        ({"messages": [{"role": "robot"}]}, "invalid_value", "messages[0].role"),
    ],
)
def test_openai_refuses_a_bad_body(openai: Client, body: Any, code: str, param: str) -> None:
    response = openai.ask(**body)
    error = response.json()["error"]
    assert (response.status_code, error["type"]) == (400, "invalid_request_error")
    assert (error["code"], error["param"]) == (code, param)


def test_openai_takes_max_tokens_for_older_models(openai: Client) -> None:
    assert openai.ask(model="gpt-4o-mini", max_tokens=16, temperature=0.2).status_code == 200
    assert openai.ask(max_completion_tokens=16, temperature=1).status_code == 200


def test_body_that_is_not_json_is_a_400(client: Client) -> None:
    headers = client.headers(KEY)
    response = SESSION.post(client.ask().url, data="{", headers=headers, timeout=TIMEOUT_SECONDS)
    assert response.status_code == 400


def test_unknown_model_is_a_404_and_not_listed(client: Client) -> None:
    model = client.provider.models[client.wire][0]
    assert client.ask(model=model).status_code == 200
    client.provider.unknown_models.add(model)
    response = client.ask(model=model)
    assert response.status_code == 404
    assert code_of(response) in ("not_found_error", "model_not_found")
    assert model in response.json()["error"]["message"]
    assert model not in [row["id"] for row in client.models().json()["data"]]


def test_models_are_listed_for_a_good_key_only(client: Client) -> None:
    client.provider.models[client.wire][:] = ["one", "two"]
    assert [row["id"] for row in client.models().json()["data"]] == ["one", "two"]
    assert client.models(OTHER_KEY).status_code == 401


def test_unknown_path_is_a_404_and_wrong_method_a_405(client: Client) -> None:
    headers = client.headers(KEY)
    base = client.provider.url
    missing = SESSION.get(f"{base}/v1/nothing", headers=headers, timeout=TIMEOUT_SECONDS)
    wrong = SESSION.post(f"{base}/v1/models", headers=headers, timeout=TIMEOUT_SECONDS)
    assert (missing.status_code, wrong.status_code) == (404, 405)
    assert missing.json()["error"]["type"] in ("not_found_error", "invalid_request_error")


# Failures in the vendor's words


@pytest.mark.parametrize(
    ("reply", "on_anthropic", "on_openai"),
    [
        (Reply.status(400), (400, "invalid_request_error"), (400, None)),
        (Reply.status(401), (401, "authentication_error"), (401, "invalid_api_key")),
        (Reply.status(402), (402, "billing_error"), (402, "invalid_request_error")),
        (
            Reply.status(403),
            (403, "permission_error"),
            (403, "unsupported_country_region_territory"),
        ),
        (Reply.status(404), (404, "not_found_error"), (404, "model_not_found")),
        (Reply.status(429), (429, "rate_limit_error"), (429, "rate_limit_exceeded")),
        (Reply.status(500), (500, "api_error"), (500, None)),
        (Reply.status(503), (503, "api_error"), (503, "server_is_overloaded")),
        (Reply.status(529), (529, "overloaded_error"), (529, None)),
        (Reply.insufficient_quota(), (402, "billing_error"), (429, "insufficient_quota")),
        (Reply.low_balance(), (400, "invalid_request_error"), (402, "invalid_request_error")),
        (
            Reply.spend_limit(),
            (429, "rate_limit_error"),
            (429, "organization_spend_limit_exceeded"),
        ),
        (Reply.rate_limited(), (429, "rate_limit_error"), (429, "rate_limit_exceeded")),
        (Reply.overloaded(), (529, "overloaded_error"), (503, "server_is_overloaded")),
        (Reply.missing_scope(), (403, "permission_error"), (401, None)),
    ],
)
def test_failure_has_the_vendors_own_body(
    anthropic: Client, openai: Client, reply: Reply, on_anthropic: object, on_openai: object
) -> None:
    anthropic.provider.always(reply)
    for client, expected in ((anthropic, on_anthropic), (openai, on_openai)):
        for response in (client.ask(), client.stream()):
            assert (response.status_code, code_of(response)) == expected
            assert response.json()["error"]["message"]


def test_failure_takes_what_the_test_says_of_it(anthropic: Client, openai: Client) -> None:
    reply = Reply.status(429, code="ramp_limit_exceeded", message="Too fast, {model}.")
    openai.provider.always(reply)
    details = anthropic.ask().json()["error"]
    assert details["details"] == {"error_code": "ramp_limit_exceeded"}
    assert details["message"] == "Too fast, claude-haiku-4-5."
    assert openai.ask().json()["error"]["code"] == "ramp_limit_exceeded"


def test_body_given_by_the_test_goes_out_as_it_is(client: Client) -> None:
    body = {"base_resp": {"status_code": 1004, "status_msg": "login fail"}}
    client.provider.next(Reply.status(200, body=body, headers={"x-more": "1"}))
    response = client.ask()
    assert (response.status_code, response.json()) == (200, body)
    assert response.headers["x-more"] == "1"


def test_waiting_is_told_only_where_it_helps(client: Client) -> None:
    replies = [Reply.rate_limited(7), Reply.rate_limited(None), Reply.spend_limit()]
    for reply in (*replies, Reply.status(429)):
        client.provider.next(reply)
    response_headers = [client.ask().headers for _ in range(4)]
    assert [headers.get("retry-after") for headers in response_headers] == ["7", None, None, "20"]
    assert response_headers[0].get("retry-after-ms") is None
    assert response_headers[3].get("retry-after-ms") == (
        None if client.wire == "anthropic" else "20000"
    )


def test_header_of_the_vendors_can_be_replaced_or_left_out(openai: Client) -> None:
    headers = {"X-Request-Id": "mine", "openai-version": None}
    openai.provider.next(Reply.answer("fine").with_headers(headers))
    response_headers = openai.ask().headers
    assert response_headers["x-request-id"] == "mine"
    assert "openai-version" not in response_headers


def test_echoed_key_is_the_callers_whole_key(client: Client) -> None:
    client.provider.next(Reply.echoing_key(), times=2)
    client.provider.next(Reply.error_event("authentication_error", message="bad key {key}"))
    assert KEY in client.ask().json()["error"]["message"]
    assert OTHER_KEY in client.ask(key=OTHER_KEY).json()["error"]["message"]
    assert KEY in client.stream().text


# Which reply a request gets


def test_next_comes_before_when_and_when_before_always(client: Client) -> None:
    provider = client.provider
    provider.always(Reply.answer("always"))
    provider.when(KEY, Reply.answer("older"))
    provider.when(lambda call: call.key == KEY and call.stream, Reply.answer("newer"))
    provider.accept(OTHER_KEY)
    provider.next(Reply.answer("once"))
    provider.next(Reply.answer("twice"), times=2)
    assert [text_of(client.ask()) for _ in range(4)] == ["once", "twice", "twice", "older"]
    assert text_in(events(client.stream())) == "newer"
    assert text_of(client.ask(key=OTHER_KEY)) == "always"


def test_answer_waits_for_a_request_that_is_in_order(client: Client) -> None:
    client.provider.next(Reply.answer("for you"))
    assert client.ask(key="wrong").status_code == 401
    assert client.ask(messages=[]).status_code == 400
    assert client.models().status_code == 200
    assert client.provider.replies_left == 1
    assert text_of(client.ask()) == "for you"
    assert client.provider.replies_left == 0


def test_failure_goes_to_any_request(client: Client) -> None:
    client.provider.next(Reply.overloaded())
    assert client.ask(key="wrong").status_code in (503, 529)
    client.provider.always(Reply.status(500))
    assert client.models().status_code == 500


def test_every_scripted_reply_is_taken_once_by_many_at_a_time(client: Client) -> None:
    for number in range(20):
        client.provider.next(Reply.answer(f"number {number}"))
    with ThreadPoolExecutor(20) as pool:
        texts = set(pool.map(lambda _: text_of(client.ask()), range(20)))
    assert texts == {f"number {number}" for number in range(20)}


def test_reset_makes_it_as_new(client: Client) -> None:
    provider = client.provider
    provider.unknown_models.add("m")
    provider.always(Reply.status(500))
    provider.next(Reply.status(503))
    gate = provider.hold()
    client.models()
    provider.reset()
    assert gate.is_open
    assert (provider.calls, provider.replies_left) == ([], 0)
    assert client.ask().status_code == 401
    provider.accept(KEY)
    assert client.ask(model="m").status_code == 200


# Late, slow, silent


def test_first_byte_comes_late(client: Client) -> None:
    client.provider.always(Reply.answer(first_byte_seconds=0.1))
    started_at = time.monotonic()
    client.stream()
    assert 0.1 <= time.monotonic() - started_at < 1


def test_stream_comes_in_one_chunk_after_the_other(client: Client) -> None:
    reply = Reply.answer("one two three").slowly(chunk_delay_seconds=0.06)
    client.provider.always(reply)
    chunks = client.stream().iter_content(None)
    read_until(chunks, "one")
    started_at = time.monotonic()
    read_until(chunks, "three")
    assert 0.1 <= time.monotonic() - started_at < 1


def test_stall_sends_its_chunks_and_then_nothing(client: Client) -> None:
    client.provider.always(Reply.stall(after_chunks=2, text="one two three"))
    response = client.stream()
    chunks = response.iter_content(None)
    read_until(chunks, " two")
    [call] = client.provider.calls
    time.sleep(0.05)
    assert not call.is_over
    response.close()
    assert call.wait_until_over().client_left
    assert call.answered_tokens == 2


def test_stalled_client_sees_silence_not_an_end(client: Client) -> None:
    client.provider.always(Reply.stall(after_chunks=0))
    connection = http.client.HTTPConnection("127.0.0.1", client.provider.port, timeout=0.1)
    pending = client.ask(stream=True).request
    connection.request("POST", pending.path_url, pending.body, dict(pending.headers))
    with pytest.raises(TimeoutError):
        connection.getresponse().read()
    connection.close()


def test_stall_for_some_seconds_goes_on(client: Client) -> None:
    client.provider.always(Reply.stall(after_chunks=1, seconds=0.05, text="one two"))
    assert text_in(events(client.stream())) == "one two"
    assert text_of(client.ask()) == "one two"


def test_closing_the_provider_ends_a_stall(provider: LoopbackProvider) -> None:
    provider.always(Reply.stall())
    with Client(provider, "openai").stream() as response:
        chunks = response.iter_content(None)
        read_until(chunks, "You")
        [call] = provider.calls
        provider.close()
        assert call.wait_until_over().client_left is False
        with pytest.raises(requests.ConnectionError):
            Client(provider, "openai").ask()


# Broken


@pytest.mark.parametrize("stream", [True, False])
def test_cut_answer_ends_in_the_middle(client: Client, stream: bool) -> None:
    client.provider.always(Reply.cut(after_chunks=1, text="one two"))
    response = client.ask(stream=stream)
    assert response.status_code == 200
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        _ = response.content
    assert client.provider.calls[0].wait_until_over().client_left is False


def test_cut_may_be_a_reset(client: Client) -> None:
    client.provider.always(Reply.cut(after_chunks=1, reset=True, text="one two"))
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="reset by peer"):
        read_until(client.stream().iter_content(None), "two")
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="reset by peer"):
        _ = client.ask().content


def test_cut_after_the_last_chunk_keeps_the_end_mark_back(client: Client) -> None:
    client.provider.always(Reply.cut(after_chunks=None, text="one two"))
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        read_until(client.stream().iter_content(None), "nothing like it")
    assert client.provider.calls[0].wait_until_over().answered_tokens == 2


def test_truncated_stream_ends_cleanly_without_its_end_mark(client: Client) -> None:
    client.provider.always(Reply.truncated(after_chunks=2, text="one two three"))
    response = client.stream()
    assert text_in(events(response)) == "one two"
    for mark in ("[DONE]", '"finish_reason": "stop"', "message_delta", "message_stop"):
        assert mark not in response.text
    assert client.provider.calls[0].answered_tokens == 2
    with pytest.raises(ValueError, match="JSON|Expecting|Unterminated"):
        client.ask().json()


def test_malformed_chunk_stands_in_a_stream_that_goes_on(client: Client) -> None:
    client.provider.always(Reply.malformed_chunk(after_chunks=1, text="one two"))
    lines = [line for line in data_lines(client.stream()) if line != "[DONE]"]
    broken = [line for line in lines if not _is_json(line)]
    assert len(broken) == 1
    assert text_in([json.loads(line) for line in lines if line not in broken]) == "one two"
    assert not _is_json(client.ask().text)


def test_error_event_ends_the_stream(client: Client) -> None:
    client.provider.always(Reply.error_event("overloaded_error", after_chunks=1, text="one two"))
    found = events(client.stream())
    assert text_in(found) == "one"
    assert found[-1]["error"]["type"] == "overloaded_error"
    assert data_lines(client.stream())[-1] != "[DONE]"
    assert client.ask().status_code in (503, 529)


def test_error_event_may_be_followed_by_the_end_mark(anthropic: Client, openai: Client) -> None:
    openai.provider.always(Reply.error_event("authentication_error", then_done=True))
    assert data_lines(openai.stream())[-1] == "[DONE]"
    assert [event["type"] for event in events(anthropic.stream())][-2:] == ["error", "message_stop"]
    assert (openai.ask().status_code, anthropic.ask().status_code) == (401, 401)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


# Strange, but right


def test_dribbled_stream_splits_lines_and_characters(client: Client) -> None:
    client.provider.always(Reply.answer("Grüße 🙂").dribbled(1))
    chunks = list(client.stream().raw.read_chunked())
    assert {len(chunk) for chunk in chunks[:-1]} == {1}
    assert "Grüße".encode() in b"".join(chunks)
    client.provider.always(Reply.answer("Grüße 🙂").dribbled(3))
    assert text_in(events(client.stream())) == "Grüße 🙂"


def test_keep_alives_and_crlf_leave_the_events_as_they_are(client: Client) -> None:
    client.provider.always(Reply.answer("one two").with_keep_alives().with_crlf())
    response = client.stream()
    assert response.content.startswith(b": keep-alive\r\n\r\n\r\n")
    assert b"\n" not in response.content.replace(b"\r\n", b"")
    assert text_in(events(response)) == "one two"


# Responses of no vendor


def test_proxys_page_is_html_without_the_vendors_headers(client: Client) -> None:
    client.provider.next(Reply.html_page(502))
    response = client.ask()
    assert (response.status_code, response.headers["content-type"]) == (502, "text/html")
    assert "<h1>Bad Gateway</h1>" in response.text
    assert not {"request-id", "x-request-id"} & {name.lower() for name in response.headers}


def test_empty_body_is_empty(client: Client) -> None:
    client.provider.next(Reply.empty_body())
    response = client.ask()
    assert (response.status_code, response.content) == (200, b"")
    assert "content-type" not in response.headers


def test_huge_error_is_a_vendors_body_of_that_size(client: Client) -> None:
    client.provider.next(Reply.huge_error(2_000_000))
    response = client.ask()
    assert response.status_code == 500
    assert len(response.json()["error"]["message"]) == 2_000_000


def test_redirect_leads_elsewhere(client: Client) -> None:
    client.provider.next(Reply.redirect("http://127.0.0.1:9/elsewhere"))
    response = client.ask()
    assert response.status_code == 302
    assert response.headers["location"] == "http://127.0.0.1:9/elsewhere"


def test_hang_up_says_nothing_at_all(client: Client) -> None:
    client.provider.next(Reply.drop_connection())
    with pytest.raises(requests.ConnectionError):
        client.ask()
    assert client.provider.calls[0].wait_until_over().status is None


# Holding answers in mid-stream


def test_gate_holds_twenty_answers_in_mid_stream(client: Client) -> None:
    gate = client.provider.hold()
    with ThreadPoolExecutor(20) as pool:
        pending = [pool.submit(lambda: text_in(events(client.stream()))) for _ in range(20)]
        assert gate.wait_for(20) == 20
        assert {call.answered_tokens for call in client.provider.calls} == {1}
        assert not any(future.done() for future in pending)
        gate.open()
        assert {future.result() for future in pending} == {"You said: hello there"}
    assert gate.waiting == 0
    assert text_of(client.ask()) == "You said: hello there"


def test_gate_holds_an_answer_that_is_not_streamed(client: Client) -> None:
    with ThreadPoolExecutor(1) as pool, client.provider.hold() as gate:
        pending = pool.submit(client.ask)
        gate.wait_for(1)
        assert not pending.done()
        gate.open()
        assert text_of(pending.result()) == "You said: hello there"


def test_gate_forgets_a_client_that_left(client: Client) -> None:
    gate = client.provider.hold()
    response = client.stream()
    gate.wait_for(1)
    response.close()
    assert client.provider.calls[0].wait_until_over().client_left
    assert gate.waiting == 0
    with pytest.raises(TimeoutError, match="0 of 1"):
        gate.wait_for(1, timeout_seconds=0.01)


# What the test learns


def test_call_says_what_was_asked(client: Client) -> None:
    client.stream("remember me")
    [call] = client.provider.wait_for_calls(1)
    assert (call.wire, call.method, call.key, call.stream) == (client.wire, "POST", KEY, True)
    assert call.body["messages"][0]["content"] == "remember me"
    assert call.path == client.ask().request.path_url
    assert call.model in ("claude-haiku-4-5", "gpt-5-mini")
    assert call.headers["content-type"] == "application/json"
    assert 0 <= time.monotonic() - call.started_at < 1


def test_chats_are_the_calls_that_are_no_get(client: Client) -> None:
    client.models()
    client.ask()
    assert [call.method for call in client.provider.calls] == ["GET", "POST"]
    assert [call.method for call in client.provider.chats] == ["POST"]


def test_whole_answer_counts_as_its_tokens_out(client: Client) -> None:
    client.provider.always(Reply.answer("one two", tokens_out=300))
    client.stream().close()
    _ = client.stream().content
    _ = client.ask().content
    assert [call.answered_tokens for call in client.provider.calls[1:]] == [300, 300]


def test_client_that_leaves_in_the_middle_is_noticed(client: Client) -> None:
    words = " ".join(["word"] * 200)
    client.provider.always(Reply.answer(words, chunk_delay_seconds=0.01))
    response = client.stream()
    chunks = response.iter_content(None)
    read_until(chunks, "word")
    response.close()
    call = client.provider.calls[0].wait_until_over(1)
    assert call.client_left
    assert 1 <= call.answered_tokens < 200


def test_client_that_leaves_at_the_end_mark_has_not_left_early(client: Client) -> None:
    mark = "[DONE]" if client.wire == "openai" else "message_stop"
    for _ in range(10):
        response = client.stream()
        read_until(response.iter_content(None), mark)
        response.close()
    assert not any(call.wait_until_over().client_left for call in client.provider.calls)


def test_call_shows_no_key_and_nothing_is_printed(
    client: Client, capfd: pytest.CaptureFixture[str]
) -> None:
    client.ask()
    client.ask(key=OTHER_KEY)
    shown = repr(client.provider.calls)
    assert "Call(" in shown
    assert KEY not in shown and OTHER_KEY not in shown
    assert capfd.readouterr() == ("", "")


def test_waiting_for_what_does_not_come_fails(client: Client) -> None:
    client.provider.always(Reply.stall())
    with client.stream():
        call: Call = client.provider.wait_for_calls(1)[0]
        waits: list[Callable[[float], object]] = [
            call.wait_until_over,
            lambda seconds: client.provider.wait_for_calls(2, seconds),
        ]
        for wait in waits:
            with pytest.raises(TimeoutError):
                wait(0.01)


# On its own


def test_it_runs_as_a_process_of_its_own() -> None:
    options = ["--key", KEY, "--chunks", "3", "--chunk-delay-ms", "1", "--first-byte-ms", "1"]
    command = [sys.executable, "-m", "tests.providers", *options]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            url = process.stdout.readline().strip()
            assert text_of(_ask_openai(url, KEY)) == "word1 word2 word3"
            assert _ask_openai(url, OTHER_KEY).status_code == 401
        finally:
            process.terminate()
        assert process.wait(TIMEOUT_SECONDS) == 0


def _ask_openai(url: str, key: str) -> requests.Response:
    return SESSION.post(
        f"{url}/v1/chat/completions",
        json={"model": "m", "messages": [{"role": "user", "content": "hello"}]},
        headers={"authorization": f"Bearer {key}"},
        timeout=TIMEOUT_SECONDS,
    )
