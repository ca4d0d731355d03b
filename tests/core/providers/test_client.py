"""The client against a provider that answers, and fails, over real HTTP."""

import threading
import time

import pytest

from core.http import connections
from core.providers.client import Timeouts, complete_chat, stream_chat
from core.providers.failures import Failure
from core.providers.formats.response import ChatResponse, Failed, Stop, TextDelta, Usage
from core.providers.wire import Endpoint
from tests import marker
from tests.core.providers.conftest import Side
from tests.providers import Reply

PATIENT = Timeouts(2, 5, 5, 5)
FIRST_BYTE = Timeouts(2, 0.2, 5, 5)
STALL = Timeouts(2, 5, 0.2, 5)
TOTAL = Timeouts(2, 5, 5, 0.5)
ANSWER = "You said: one two three"


def read(side, timeouts=PATIENT, key=None):
    """The text, then the last usage if there is any, and the end."""
    with stream_chat(
        side.endpoint, key or side.key(), side.request(), side.model, timeouts
    ) as stream:
        *parts, last = stream
    text = "".join(part.text for part in parts if isinstance(part, TextDelta))
    return text, [*[part for part in parts if isinstance(part, Usage)][-1:], last]


def failed(side, timeouts=PATIENT, key=None):
    """The text and the failure of a stream that has to end in one."""
    text, (*usage, last) = read(side, timeouts, key)
    assert isinstance(last, Failed)
    assert all(isinstance(event, Usage) for event in usage)
    return text, last.failure


# Answers


def test_an_answer_streams_word_by_word_and_ends_with_usage(side, provider):
    provider.next(Reply.answer(tokens_in=40, tokens_out=7, tokens_cached=30))
    with stream_chat(side.endpoint, side.key(), side.request(), side.model) as stream:
        *parts, usage, stop = stream
    words = [part.text for part in parts if isinstance(part, TextDelta)]
    assert words == ["You", " said:", " one", " two", " three"]
    assert (usage.tokens_in, usage.tokens_out, usage.cached) == (40, 7, 30)
    assert stop == Stop("end")


def test_a_whole_answer_says_the_same(side, provider):
    provider.next(Reply.answer(tokens_in=40, tokens_out=7, tokens_cached=30, at_limit=True))
    answer = complete_chat(side.endpoint, side.key(), side.request(), side.model)
    assert isinstance(answer, ChatResponse)
    assert (answer.text, answer.stop) == (ANSWER, Stop("length"))
    assert (answer.usage.tokens_in, answer.usage.tokens_out) == (40, 7)


@pytest.mark.parametrize(
    "reply",
    [
        Reply().dribbled(),
        Reply().dribbled(7).with_keep_alives(),
        Reply().with_crlf(),
        Reply().with_keep_alives().with_crlf(),
        Reply.answer(chunk_delay_seconds=0.01),
        Reply.stall(seconds=0.1),
    ],
)
def test_how_an_answer_travels_makes_no_difference(side, provider, reply):
    provider.next(reply)
    text, (_, last) = read(side)
    assert (text, type(last)) == (ANSWER, Stop)


def test_the_answer_arrives_while_it_is_being_written(side, provider):
    with (
        provider.hold() as gate,
        stream_chat(side.endpoint, side.key(), side.request(), side.model, PATIENT) as stream,
    ):
        words = (part for part in stream if isinstance(part, TextDelta))
        assert next(words) == TextDelta("You")
        gate.open()
        assert next(words) == TextDelta(" said:")


def test_the_key_goes_into_one_header_and_nothing_else_of_the_request_does(side, provider):
    read(side)
    (call,) = provider.calls
    assert call.key == side.key()
    assert [name for name, value in call.headers.items() if marker.MARKER in value] in (
        ["x-api-key"],
        ["authorization"],
    )
    assert set(call.headers) - {"x-api-key", "authorization", "anthropic-version"} == {
        "host",
        "accept-encoding",
        "content-type",
        "content-length",
        "user-agent",
    }


def test_one_connection_serves_request_after_request(side, provider):
    connections.pool.clear()
    used = set()
    for _ in range(3):
        provider.next(Reply())
        provider.next(Reply.status(500))
        for ask in (read, failed):
            ask(side)
            used.update(
                id(connection) for idle in connections.pool._idle.values() for _, connection in idle
            )
        complete_chat(side.endpoint, side.key(), side.request(), side.model)
    assert len(used) == 1


# Refusals

REFUSALS = [
    (Reply.status(400), "bad_request"),
    (Reply.status(401), "rejected"),
    (Reply.echoing_key(), "rejected"),
    (Reply.missing_scope(), "no_permission"),
    (Reply.status(403), "no_permission"),
    (Reply.insufficient_quota(), "no_credit"),
    (Reply.low_balance(), "no_credit"),
    (Reply.rate_limited(), "rate_limited"),
    (Reply.overloaded(), "overloaded"),
    (Reply.status(404), "model_unavailable"),
    (Reply.status(413), "bad_request"),
    (Reply.status(500), "unavailable"),
    (Reply.status(529), "overloaded"),
    (Reply.html_page(502), "unavailable"),
    (Reply.html_page(403), "no_permission"),
    (Reply.huge_error(), "unavailable"),
    (Reply.empty_body(500), "unavailable"),
    (Reply.empty_body(401), "rejected"),
    (Reply.redirect("http://127.0.0.1:1/"), "unavailable"),
    (Reply.drop_connection(), "unavailable"),
    (Reply.status(401, body=[{"error": {"message": "in an array"}}]), "rejected"),
    (Reply.status(400, body="text, not JSON"), "bad_request"),
]


@pytest.mark.parametrize(("reply", "kind"), REFUSALS)
def test_a_refusal_is_the_same_streamed_or_not(side, provider, reply, kind):
    provider.next(reply, times=2)
    text, failure = failed(side)
    whole = complete_chat(side.endpoint, side.key(), side.request(), side.model)
    assert isinstance(whole, Failure)
    assert (text, failure.kind, whole.kind) == ("", kind, kind)
    assert 0 < len(failure.message) <= 300
    assert marker.MARKER[:8] not in repr(failure) + repr(whole)


def test_a_spent_period_is_a_long_wait_for_anthropic_and_no_credit_for_openai(side, provider):
    provider.next(Reply.spend_limit())
    kinds = {"anthropic": "window_exhausted", "openai": "no_credit"}
    assert failed(side)[1].kind == kinds[side.name]


def test_a_rate_limit_says_how_long_and_names_the_request(side, provider):
    provider.next(Reply.rate_limited(12))
    failure = failed(side)[1]
    assert (failure.status, failure.retry_after_seconds) == (429, 12)
    assert failure.request_id


def test_a_wrong_key_is_rejected_in_the_providers_words_without_the_key(side):
    wrong = side.key() + "wrong"
    failure = failed(side, key=wrong)[1]
    assert failure.kind == "rejected"
    assert failure.message.startswith(("invalid x-api-key", "Incorrect API key provided: [key]."))


def test_a_redirect_never_gets_the_key(side, provider):
    provider.next(Reply.redirect(provider.url + "/v1/elsewhere", 307), times=2)
    assert "redirect (307)" in failed(side)[1].message
    complete_chat(side.endpoint, side.key(), side.request(), side.model)
    assert len(provider.calls) == 2


# Answers that break

BREAKS = [
    (Reply.cut(after_chunks=2), "You said:", "truncated"),
    (Reply.cut(after_chunks=2, reset=True), "You said:", "truncated"),
    (Reply.cut(after_chunks=0), "", "truncated"),
    (Reply.truncated(), ANSWER, "truncated"),
    (Reply.truncated(after_chunks=1), "You", "truncated"),
    (Reply.malformed_chunk(), "You", "malformed"),
    (Reply.malformed_chunk(after_chunks=None), ANSWER, "malformed"),
    (Reply.error_event(), "You", "overloaded"),
    (Reply.error_event(then_done=True), "You", "overloaded"),
    (Reply.error_event("api_error", after_chunks=0), "", "unavailable"),
    (Reply.html_page(200), "", "malformed"),
    (Reply.empty_body(200), "", "truncated"),
]


@pytest.mark.parametrize(("reply", "text", "kind"), BREAKS)
def test_a_broken_stream_keeps_its_text_and_fails(side, provider, reply, text, kind):
    provider.next(reply)
    pieces, failure = failed(side)
    assert (pieces, failure.kind) == (text, kind)


WHOLE_BREAKS = [
    (Reply.cut(), "truncated"),
    (Reply.cut(reset=True), "truncated"),
    (Reply.truncated(), "malformed"),
    (Reply.malformed_chunk(), "malformed"),
    (Reply.error_event(), "overloaded"),
    (Reply.html_page(200), "malformed"),
    (Reply.empty_body(200), "malformed"),
    (Reply.status(200, body={}), "malformed"),
    (Reply.status(200, body={"error": {"message": "after all"}}), "unavailable"),
]


@pytest.mark.parametrize(("reply", "kind"), WHOLE_BREAKS)
def test_a_broken_whole_answer_fails(side, provider, reply, kind):
    provider.next(reply)
    answer = complete_chat(side.endpoint, side.key(), side.request(), side.model)
    assert isinstance(answer, Failure)
    assert answer.kind == kind


def test_an_error_event_that_repeats_the_key_is_scrubbed(side, provider):
    provider.next(Reply.error_event("api_error", message="key {key} or {starred_key}, no"))
    assert failed(side)[1].message == "key [key] or [key], no"


def test_tokens_known_before_the_break_are_reported(provider):
    side = Side(Endpoint("anthropic", "anthropic", provider.anthropic_base_url))
    provider.next(Reply.cut(after_chunks=2))
    _, (usage, last) = read(side)
    assert isinstance(last, Failed)
    assert usage.tokens_in


@pytest.mark.parametrize(
    ("document", "text", "kind"),
    [
        ({"choices": [{"message": {"content": "hi"}, "finish_reason": "stop"}]}, "hi", None),
        ({"error": {"message": "no", "code": "insufficient_quota"}}, "", "no_credit"),
        ({"object": "nothing"}, "", "malformed"),
    ],
)
def test_json_in_place_of_a_stream_is_read_all_the_same(provider, document, text, kind):
    endpoint = Endpoint("openai", "openai", provider.openai_base_url)
    provider.next(Reply.status(200, body=document))
    side = Side(endpoint)
    pieces, (*_, last) = read(side)
    assert pieces == text
    assert (last.failure.kind if kind else type(last)) == (kind or Stop)


# Time


@pytest.mark.parametrize(
    ("limits", "reply", "text", "words"),
    [
        (FIRST_BYTE, Reply().slowly(first_byte_seconds=30), "", "within 0.2 seconds"),
        (STALL, Reply.stall(after_chunks=0), "", "for 0.2 s"),
        (STALL, Reply.stall(after_chunks=2), "You said:", "for 0.2 s"),
        (TOTAL, Reply.answer("a " * 600, chunk_delay_seconds=0.05), None, "after 0.5 s"),
    ],
)
def test_each_limit_ends_an_answer_in_time(side, provider, limits, reply, text, words):
    provider.next(reply)
    started = time.monotonic()
    pieces, failure = failed(side, limits)
    assert time.monotonic() - started < 10
    assert failure.kind == "timed_out"
    assert words in failure.message
    assert text is None or pieces == text


def test_a_whole_answer_has_the_same_limits(side, provider):
    provider.next(Reply().slowly(first_byte_seconds=30))
    provider.next(Reply.stall())
    for limits in (FIRST_BYTE, STALL):
        answer = complete_chat(side.endpoint, side.key(), side.request(), side.model, limits)
        assert isinstance(answer, Failure)
        assert answer.kind == "timed_out"


# Ending early


def test_cancelling_ends_the_stream_and_the_providers_work(side, provider):
    provider.next(Reply.stall(after_chunks=2))
    with stream_chat(side.endpoint, side.key(), side.request(), side.model, PATIENT) as stream:
        threading.Timer(0.1, stream.cancel).start()
        started = time.monotonic()
        *_, last = stream
    assert last.failure.kind == "cancelled"
    assert time.monotonic() - started < 10
    assert provider.calls[0].wait_until_over().client_left


@pytest.mark.parametrize("leave", ["with", "break", "close"])
def test_leaving_a_stream_stops_the_provider(side, provider, leave):
    provider.next(Reply.stall(after_chunks=1))
    stream = stream_chat(side.endpoint, side.key(), side.request(), side.model, PATIENT)
    if leave == "with":
        with stream:
            next(iter(stream))
    else:
        for _ in stream:
            break
        if leave == "close":
            stream.close()
    assert provider.calls[0].wait_until_over(2).client_left


def test_a_stream_nobody_reads_asks_nothing(side, provider):
    stream_chat(side.endpoint, side.key(), side.request(), side.model).close()
    assert provider.calls == []


def test_a_stream_cancelled_before_it_is_read_asks_nothing(side, provider):
    stream = stream_chat(side.endpoint, side.key(), side.request(), side.model)
    stream.cancel()
    (last,) = stream
    assert (last.failure.kind, provider.calls) == ("cancelled", [])


# Secrets


@pytest.mark.parametrize("bad", ["\n", " x", "\r\nx-other: 1", "é", "\0"])
def test_a_key_that_no_key_can_be_is_never_sent(side, provider, bad):
    failure = failed(side, key=side.key() + bad)[1]
    assert (failure.kind, provider.calls) == ("rejected", [])
    assert marker.MARKER not in repr(failure)


def test_without_a_key_none_is_sent(provider):
    side = Side(Endpoint("mevichat", "openai", provider.openai_base_url))
    answer = complete_chat(side.endpoint, "", side.request(), side.model)
    assert isinstance(answer, Failure)
    assert "authorization" not in provider.calls[0].headers


@pytest.mark.parametrize(
    "base_url", ["http://127.0.0.1:1/v1", "http://nowhere.invalid", "ftp://x", "no address", ""]
)
def test_an_address_where_nobody_is_becomes_a_failure(side, base_url):
    endpoint = Endpoint(side.name, side.name, base_url)
    answer = complete_chat(endpoint, side.key(), side.request(), side.model)
    assert isinstance(answer, Failure)
    assert answer.kind in ("unavailable", "bad_request")


def test_nothing_that_can_be_shown_holds_the_key(side, provider):
    provider.next(Reply.echoing_key(), times=2)
    stream = stream_chat(side.endpoint, side.key(), side.request(), side.model)
    shown = [repr(stream), repr(list(stream)), repr(vars(stream)), repr(stream._exchange.__dict__)]
    shown += [repr(complete_chat(side.endpoint, side.key(), side.request(), side.model))]
    assert not [text for text in shown if marker.MARKER in text]
