"""AWS's binary frames: whole, cut anywhere, broken, and in pieces of any size."""

import json
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.providers.documents import Malformed
from core.providers.formats import converse, eventstream
from core.providers.formats.response import Begin, BlockEnd, Failed, Stop, TextDelta, Usage


def frame(payload, **names):
    packed = b"".join(header(f":{name.replace('_', '-')}", value) for name, value in names.items())
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    prelude = struct.pack("!II", 16 + len(packed) + len(body), len(packed))
    whole = prelude + struct.pack("!I", zlib.crc32(prelude)) + packed + body
    return whole + struct.pack("!I", zlib.crc32(whole))


def header(name, value):
    return (
        struct.pack(f"!B{len(name)}sBH", len(name), name.encode(), 7, len(value)) + value.encode()
    )


def event(kind, payload):
    return frame(payload, event_type=kind, content_type="application/json", message_type="event")


def exception(kind, message):
    return frame({"message": message}, exception_type=kind, message_type="exception")


ANSWER = [
    event("messageStart", {"role": "assistant"}),
    event("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "Zwölf "}}),
    event("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "🦔"}}),
    event("contentBlockStop", {"contentBlockIndex": 0}),
    event("messageStop", {"stopReason": "end_turn"}),
    event("metadata", {"usage": {"inputTokens": 7, "outputTokens": 2, "totalTokens": 9}}),
]
WHOLE = b"".join(ANSWER)
PARTS = [TextDelta("Zwölf "), TextDelta("🦔"), Usage(7, 2), Stop("end")]


def read(*buffers):
    """What came, without what only marks a beginning or the end of a block."""
    parts = converse.read_stream(buffers, "bedrock", "{}")
    shown = (part for part in parts if part not in (Begin(), BlockEnd()))
    return [part.failure.kind if isinstance(part, Failed) else part for part in shown]


@given(st.lists(st.integers(0, len(WHOLE)), max_size=12))
def test_frames_are_read_however_they_are_cut_into_pieces(cuts):
    edges = [0, *sorted(cuts), len(WHOLE)]
    pieces = [WHOLE[start:stop] for start, stop in zip(edges, edges[1:], strict=False)]
    assert read(*pieces) == PARTS


def test_frames_are_read_byte_by_byte():
    assert read(*(WHOLE[at : at + 1] for at in range(len(WHOLE)))) == PARTS


@pytest.mark.parametrize("length", range(0, len(WHOLE), 7))
def test_a_stream_that_ends_before_its_end_mark_is_cut(length):
    ended = sum(map(len, ANSWER[:5]))
    last = read(WHOLE[:length])[-1]
    assert last == ("truncated" if length < ended else Stop("end"))


@given(st.integers(0, len(WHOLE) - 1), st.integers(1, 255))
def test_a_byte_that_changed_is_never_read_as_if_it_were_right(place, change):
    broken = bytearray(WHOLE)
    broken[place] ^= change
    parts = read(bytes(broken))
    assert parts[-1] in ("malformed", "truncated") or parts == [*PARTS[:2], PARTS[3]]


def test_a_frame_with_a_wrong_checksum_is_malformed():
    broken = ANSWER[1][:-1] + bytes([ANSWER[1][-1] ^ 1])
    with pytest.raises(Malformed):
        list(eventstream.events([broken]))


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("throttlingException", "rate_limited"),
        ("ThrottlingException", "rate_limited"),
        ("modelStreamErrorException", "unavailable"),
        ("serviceUnavailableException", "overloaded"),
        ("internalServerException", "unavailable"),
        ("validationException", "unavailable"),
    ],
)
def test_an_exception_in_the_stream_ends_it_with_its_meaning(kind, expected):
    assert read(*ANSWER[:2], exception(kind, "no"), *ANSWER[2:]) == [TextDelta("Zwölf "), expected]


def test_the_kind_of_an_exception_is_in_its_name():
    assert list(eventstream.events([exception("throttlingException", "slow down")])) == [
        ("exception:throttlingException", {"message": "slow down"})
    ]


def test_an_error_frame_is_told_as_an_exception():
    error = frame(b"", message_type="error", error_code="InternalError", error_message="sorry")
    assert list(eventstream.events([error])) == [("exception:InternalError", {"message": "sorry"})]


def test_a_payload_that_is_no_object_is_malformed():
    assert read(event("contentBlockDelta", [1])) == ["malformed"]
    assert read(event("contentBlockDelta", b"{")) == ["malformed"]


def test_what_is_no_stream_at_all_is_malformed():
    assert read(b"<html><body>Bad gateway, and a long page about it</body></html>") == ["malformed"]


def test_a_frame_that_says_it_is_endless_is_not_waited_for():
    prelude = struct.pack("!II", 0x7FFFFFFF, 0)
    prelude += struct.pack("!I", zlib.crc32(prelude))
    assert read(prelude, *([b"x" * (1 << 20)] * 20)) == ["malformed"]


def test_an_empty_answer_is_whole():
    assert read(ANSWER[0], ANSWER[4]) == [Stop("end")]
