"""The event parser: the standard's own cases, any cut of the bytes, and a bound."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.providers.formats.sse import EventTooLarge, SseEvent, events


def read(*buffers, **options):
    return [(event.name, event.data) for event in events(buffers, **options)]


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        (b"data: a\n\n", [("message", "a")]),
        (b"data: a\r\n\r\n", [("message", "a")]),
        (b"data: a\r\r", [("message", "a")]),
        (b"data:a\n\n", [("message", "a")]),
        (b"data:  a \n\n", [("message", " a ")]),
        (b"data: a\ndata: b\n\n", [("message", "a\nb")]),
        (b"data\n\n", [("message", "")]),
        (b"data: a:b\n\n", [("message", "a:b")]),
        (b"event: x\ndata: a\n\ndata: b\n\n", [("x", "a"), ("message", "b")]),
        (b"event: x\n\ndata: b\n\n", [("message", "b")]),
        (b": a comment\n\n:\n\n", []),
        (b": one\ndata: a\n: two\n\n", [("message", "a")]),
        (b"id: 1\nretry: 5\nunknown: x\ndata: a\n\n", [("message", "a")]),
        (b"\xef\xbb\xbfdata: a\n\n", [("message", "a")]),
        ("data: Grüße 🎈\n\n".encode(), [("message", "Grüße 🎈")]),
        (b"data: \xff\n\n", [("message", "\ufffd")]),
        (b"data: whole\n\ndata: cut off\n", [("message", "whole")]),
        (b"", []),
    ],
)
def test_the_standards_cases(stream, expected):
    assert read(stream) == expected


PIECES = [
    b"data: ",
    b"event: x",
    b"\n",
    b"\r",
    b"\r\n",
    b"\n\n",
    b": c",
    "ü🎈".encode(),
    b"a",
    b":",
]


@given(st.lists(st.sampled_from(PIECES)), st.lists(st.integers(0, 200)))
def test_where_the_bytes_are_cut_makes_no_difference(pieces, cuts):
    stream = b"".join(pieces)
    edges = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    buffers = [stream[start:stop] for start, stop in zip(edges, edges[1:], strict=False)]
    one_by_one = [stream[at : at + 1] for at in range(len(stream))]
    assert read(*buffers) == read(stream) == read(*one_by_one)


def test_an_event_comes_out_as_soon_as_its_blank_line_is_there():
    def buffers():
        yield b"data: a\r\n\r"
        pytest.fail("it waited for more")

    assert next(events(buffers())) == SseEvent("message", "a")


@pytest.mark.parametrize(
    "buffers",
    [
        [b"data: " + b"x" * 100],
        [b"x" * 30] * 4,
        [b"data: " + b"x" * 20 + b"\n"] * 6,
    ],
)
def test_an_event_past_its_bound_raises(buffers):
    with pytest.raises(EventTooLarge):
        read(*buffers, max_event_bytes=100)


def test_the_bound_is_for_one_event_not_for_the_stream():
    stream = b"data: " + b"x" * 90 + b"\n\n: ping\n\n"
    assert len(read(*[stream] * 20, max_event_bytes=100)) == 20


def test_a_long_line_in_single_bytes_is_not_joined_again_and_again():
    assert read(*[b"d"] * 100_000) == []
