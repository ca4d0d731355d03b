"""Vectors from a provider: in the order of the texts, and nothing else than what was asked for."""

import json

import pytest

from core.http import Timeouts
from core.providers import embeddings
from core.providers.embeddings import Embeddings
from core.providers.failures import Failure, FailureKind
from core.providers.wire import Endpoint
from tests import marker
from tests.providers import Reply
from tests.providers.formats.embeddings import vector_of

MODEL, DIMENSIONS = "text-embedding-3-small", 4
TIMEOUTS = Timeouts(connect_seconds=1, first_byte_seconds=1, stall_seconds=1, total_seconds=1)
ROW = [0.5, 0.5, 0.5, 0.5]


def ask(provider, *texts: str) -> Embeddings | Failure:
    endpoint = Endpoint("openai", "openai", provider.openai_base_url)
    return embeddings.embed(
        endpoint, marker.openai_key(), MODEL, texts or ("one",), DIMENSIONS, TIMEOUTS
    )


def replied(*rows, **more) -> Reply:
    data = [{"index": number, "embedding": row} for number, row in enumerate(rows)]
    return Reply.status(200, body={"data": data, "usage": {"prompt_tokens": 7}} | more)


def test_each_text_gets_its_vector_with_the_dimensions_asked_for(provider):
    found = ask(provider, "one", "two words")
    assert isinstance(found, Embeddings)
    assert [list(vector) for vector in found.vectors] == [
        vector_of("one", DIMENSIONS),
        vector_of("two words", DIMENSIONS),
    ]
    assert found.tokens_in == 3
    (call,) = provider.embeddings
    assert call.body == {"model": MODEL, "input": ["one", "two words"], "dimensions": DIMENSIONS}


def test_rows_go_by_their_index_and_without_one_by_their_place(provider):
    first, second = [1.0, 0, 0, 0], [0, 1.0, 0, 0]
    swapped = [{"index": 1, "embedding": second}, {"index": 0, "embedding": first}]
    for rows in (swapped, [{"embedding": first}, {"embedding": second}]):
        provider.always(Reply.status(200, body={"data": rows}))
        found = ask(provider, "one", "two")
        assert isinstance(found, Embeddings)
        assert [list(vector) for vector in found.vectors] == [first, second]
        assert found.tokens_in is None


@pytest.mark.parametrize(
    "reply",
    [
        replied(),
        replied(ROW, ROW),
        replied(ROW[:-1]),
        replied([*ROW, 0.5]),
        replied([0, 0, 0, 0]),
        replied(["0.5", 0.5, 0.5, 0.5]),
        replied([True, 0.5, 0.5, 0.5]),
        replied([None, 0.5, 0.5, 0.5]),
        replied([10**400, 1, 1, 1]),
        replied([1e308, 1e308, 1e308, 1e308]),
        replied([float("nan"), 0.5, 0.5, 0.5]),
        replied([float("inf"), 0.5, 0.5, 0.5]),
        replied("abcd"),
        replied({"0": 1}),
        replied(ROW, data=None),
        replied(ROW, data={"0": ROW}),
        replied(ROW, data=[ROW]),
        replied(ROW, data=[{"index": 1, "embedding": ROW}]),
        replied(ROW, data=[{"index": -1, "embedding": ROW[:3]}]),
        Reply.status(200, body="not JSON"),
        Reply.status(200, body="[" * 100_000),
        Reply.status(200, body=json.dumps([ROW])),
        Reply.status(200, body=""),
        Reply.status(200, body=b"\xff\xfe"),
        Reply.truncated(),
        Reply.malformed_chunk(),
    ],
)  # fmt: skip
def test_what_was_not_asked_for_is_malformed(provider, reply):
    provider.always(reply)
    found = ask(provider)
    assert isinstance(found, Failure)
    assert found.kind in (FailureKind.malformed, FailureKind.truncated)


def test_two_rows_for_one_text_are_none(provider):
    rows = [{"index": 0, "embedding": ROW}, {"index": 0, "embedding": ROW}]
    provider.always(Reply.status(200, body={"data": rows}))
    assert isinstance(ask(provider, "one", "two"), Failure)


def test_an_answer_past_every_size_is_read_no_further(provider):
    most = embeddings.ROOM_BYTES + DIMENSIONS * embeddings.LONGEST_NUMBER
    text = json.dumps({"data": [{"embedding": ROW}]})
    provider.always(Reply.status(200, body=text + " " * (most - len(text))))
    assert isinstance(ask(provider), Embeddings)
    for size in (most + 1, 50_000_000):
        provider.always(Reply.status(200, body=text + " " * (size - len(text))))
        found = ask(provider)
        assert isinstance(found, Failure)
        assert found.kind is FailureKind.malformed


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Reply.status(401), FailureKind.rejected),
        (Reply.missing_scope(), FailureKind.no_permission),
        (Reply.insufficient_quota(), FailureKind.no_credit),
        (Reply.rate_limited(), FailureKind.rate_limited),
        (Reply.status(500), FailureKind.unavailable),
        (Reply.overloaded(), FailureKind.overloaded),
        (Reply.html_page(), FailureKind.unavailable),
        (Reply.redirect("http://elsewhere.example/"), FailureKind.unavailable),
        (Reply.drop_connection(), FailureKind.unavailable),
        (Reply.cut(), FailureKind.truncated),
        (Reply.stall(), FailureKind.timed_out),
        (Reply.answer().slowly(first_byte_seconds=3), FailureKind.timed_out),
        (Reply.status(200, body={"error": {"code": "invalid_api_key"}}), FailureKind.rejected),
    ],
)
def test_failures_go_through_the_table(provider, reply, kind):
    provider.always(reply)
    found = ask(provider)
    assert isinstance(found, Failure)
    assert found.kind is kind


def test_the_key_is_in_no_failure(provider):
    provider.always(Reply.echoing_key())
    assert marker.openai_key() not in repr(ask(provider))


def test_a_key_with_a_line_break_is_never_sent(provider):
    endpoint = Endpoint("openai", "openai", provider.openai_base_url)
    found = embeddings.embed(endpoint, "sk-\r\nx: y", MODEL, ["one"], DIMENSIONS, TIMEOUTS)
    assert isinstance(found, Failure)
    assert not provider.calls
