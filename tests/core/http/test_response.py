"""Answers as servers really send them: read in one way only, or not at all; and heads that cannot be split."""

import pytest

from core import http
from core.http import Exchange
from core.http.request_head import request_head
from core.http.response import MAX_UNPARSED_BYTES, ProtocolError
from tests.core.http.test_exchange import CHUNKED, OK, PATIENT, get, says, serving

LENGTH = b"Content-Length: 2\r\n\r\nok"


def answered(*pieces, method="GET"):
    """Status, headers and body of such an answer, and whether the connection served a second request."""
    with serving(says(*pieces, pause_seconds=0.002)) as server:
        for _ in range(2):
            with Exchange(PATIENT) as exchange:
                exchange.send(method, server.url, {})
                answer = exchange.status, exchange.headers, exchange.read(2 * MAX_UNPARSED_BYTES)
        return *answer, server.connections == 1


@pytest.mark.parametrize(
    ("fields", "name", "value"),
    [
        (b"X-One: a\r\n", "x-one", "a"),
        (b"x-one:a\r\n", "x-one", "a"),
        (b"X-One: \t a b \t\r\n", "x-one", "a b"),
        (b"X-One:\r\n", "x-one", ""),
        (b"X-One: a: b\r\n", "x-one", "a: b"),
        (b"X-One: a\r\nX-One: b\r\n", "x-one", "b"),
        (b"X-One: \xe9\r\n", "x-one", "é"),
        (b"X-One: a\n", "x-one", "a"),
        pytest.param(b"X-One: " + b"a" * 100_000 + b"\r\n", "x-one", "a" * 100_000, id="long"),
    ],
)
def test_a_field_is_read_however_it_is_written(fields, name, value):
    status, headers, body, _ = answered(OK + fields + LENGTH)
    assert (status, headers[name], body) == (200, value, b"ok")


def test_lines_may_end_without_a_carriage_return():
    assert answered(OK.replace(b"\r", b"") + LENGTH.replace(b"\r", b""))[2] == b"ok"


def test_where_an_answer_is_cut_into_packets_makes_no_difference():
    whole = CHUNKED + b"2;x=y\r\nok\r\n1\r\n!\r\n0\r\nx: y\r\n\r\n"
    for size in (1, 2, 7):
        pieces = [whole[at : at + size] for at in range(0, len(whole), size)]
        status, headers, body, kept = answered(*pieces)
        assert (status, headers, body) == (200, {"transfer-encoding": "chunked"}, b"ok!")
        assert kept


@pytest.mark.parametrize(
    ("answer", "body", "kept"),
    [
        (OK + LENGTH, b"ok", True),
        (OK + b"Connection: Keep-Alive, CLOSE\r\n" + LENGTH, b"ok", False),
        (b"HTTP/1.0 200 OK\r\n" + LENGTH, b"ok", False),
        (b"HTTP/1.1 200\r\n" + LENGTH, b"ok", True),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK + LENGTH, b"ok", True),
        (b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" * 3 + OK + LENGTH, b"ok", True),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b"", True),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", b"", True),
        (CHUNKED + b"2\r\nok\r\n0\r\n\r\n", b"ok", True),
        (CHUNKED + b"0002 ;a=b\r\nok\r\n0\r\nTrailer: x\r\nOther: y\r\n\r\n", b"ok", True),
        (CHUNKED + b"0\r\n\r\n", b"", True),
        (OK + b"Transfer-Encoding: Chunked\r\nContent-Length: 99\r\n\r\n2\r\nok\r\n0\r\n\r\n", b"ok", False),
        (OK + LENGTH + b"HTTP/1.1 200 OK\r\n\r\nsmuggled", b"ok", False),
        (CHUNKED + b"2\r\nok\r\n0\r\n\r\nsmuggled", b"ok", False),
    ],
)  # fmt: skip
def test_a_body_ends_where_it_is_said_to(answer, body, kept):
    text = answered(answer)
    assert (text[2], text[3]) == (body, kept)


@pytest.mark.parametrize(
    ("fields", "kept"),
    [
        (b"Content-Length: 9\r\n\r\n", True),
        (b"Content-Length: 9\r\n\r\nsurplus", False),
        (b"Content-Length: 0\r\n\r\nsurplus", False),
        (b"Transfer-Encoding: chunked\r\n\r\n5", False),
        (b"\r\n", False),
    ],
)
def test_a_head_alone_has_no_body(fields, kept):
    assert answered(OK + fields, method="HEAD")[2:] == (b"", kept)


@pytest.mark.parametrize(
    "answer",
    [
        OK + b"no colon\r\n\r\n",
        OK + b": no name\r\n\r\n",
        OK + b" folded: onto nothing\r\n\r\n",
        OK + b"X-One: a\r\n b\r\n\tc\r\n" + LENGTH,
        OK + b"X-One : a\r\n" + LENGTH,
        OK + b"X-One: a\rb\r\n\r\n",
        OK + b"X-One: a\0b\r\n\r\n",
        OK + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nok!",
        OK + b"Content-Length: 2\r\n" + LENGTH,
        OK + b"Content-Length:\r\n\r\nok",
        OK + b"Content-Length: -2\r\n\r\nok",
        OK + b"Content-Length: 2, 2\r\n\r\nok",
        OK + "Content-Length: ²\r\n\r\nok".encode("latin-1"),
        b"HTTP/2 200\r\n\r\n",
        b"HTTP/2.0 200 OK\r\n" + LENGTH,
        b"HTTP/0.9 200 OK\r\n" + LENGTH,
        b"RTSP/1.0 200 OK\r\n" + LENGTH,
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
        b"HTTP/1.1 20\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"HTTP/1.1 099 No\r\n\r\n",
        b"http/1.1 200 OK\r\n\r\n",
        b"\r\n" + OK + LENGTH,
        pytest.param(OK + b"X-One: " + b"a" * (MAX_UNPARSED_BYTES + 70_000), id="long"),
    ],
)
def test_an_answer_that_could_be_read_in_two_ways_is_none(answer):
    with serving(says(answer, then_close=True)) as server, pytest.raises(http.Unreachable):
        get(server.url)


@pytest.mark.parametrize(
    "body",
    [
        b"-2\r\nok\r\n0\r\n\r\n",
        b"0x2\r\nok\r\n0\r\n\r\n",
        b"2_0\r\nok\r\n0\r\n\r\n",
        b"\r\nok\r\n0\r\n\r\n",
        b"1\r\nok\r\n0\r\n\r\n",
        b"1234567890123456\r\nok\r\n0\r\n\r\n",
        pytest.param(b"2;" + b"x" * (MAX_UNPARSED_BYTES + 70_000) + b"\r\nok", id="long size"),
        pytest.param(b"0\r\n" + b"x: y\r\n" * (MAX_UNPARSED_BYTES // 4 + 1), id="long trailers"),
    ],
)
def test_chunks_that_are_none_break_off(body):
    with serving(says(CHUNKED + body, then_close=True)) as server, pytest.raises(http.Cut):
        get(server.url)


@pytest.mark.parametrize(
    ("start", "more", "error"),
    [
        (OK + b"X-One: ", b"a" * 1000, http.Unreachable),
        (OK, b"X-One: a\r\n" * 100, http.Unreachable),
        (b"", b"HTTP/1.1 103 Early Hints\r\n\r\n" * 100, http.Unreachable),
        (CHUNKED + b"2;", b"x" * 1000, http.Cut),
        (CHUNKED + b"2\r\nok\r\n0\r\n", b"x: y\r\n" * 100, http.Cut),
    ],
    ids=["a long field", "many fields", "interim responses", "a chunk size", "trailers"],
)
def test_what_is_not_the_body_is_received_to_its_bound_only(start, more, error):
    sent = 0

    def answer(connection):
        nonlocal sent
        connection.sendall(start)
        while True:
            connection.sendall(more)
            sent += len(more)

    with serving(answer) as server, pytest.raises(error):
        get(server.url)
    assert sent < 100 * MAX_UNPARSED_BYTES


def test_a_body_that_came_before_an_error_is_passed_on():
    with (
        serving(says(CHUNKED + b"2\r\nok\r\nzz\r\n")) as server,
        Exchange(PATIENT) as exchange,
    ):
        exchange.send("GET", server.url, {})
        buffers = exchange.buffers()
        assert next(buffers) == b"ok"
        with pytest.raises(http.Cut):
            next(buffers)


@pytest.mark.parametrize(
    ("method", "body", "length"),
    [
        ("GET", None, None),
        ("POST", None, b"0"),
        ("POST", b"", b"0"),
        ("POST", b"four", b"4"),
    ],
)
def test_a_request_says_how_long_its_body_is(method, body, length):
    head = request_head(method, "/", "example.com", {"x-one": "a"}, body)
    lines = head.split(b"\r\n")
    assert lines[:2] == [f"{method} / HTTP/1.1".encode(), b"host: example.com"]
    assert lines[-2:] == [b"", b""] and b"x-one: a" in lines
    assert [line for line in lines if line.startswith(b"content-length")] == (
        [b"content-length: " + length] if length else []
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [("x", "a\nb"), ("x", "a\rb"), ("x", "a\0b"), ("x", "€"), ("", "a"), ("x y", "a"), ("x:", "a")],
)
def test_a_header_that_would_be_two_is_not_sent(name, value):
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        request_head("GET", "/", "example.com", {name: value}, None)
    assert not isinstance(caught.value, ProtocolError)


@pytest.mark.parametrize("size", [(256 << 10) - 1, 256 << 10, (256 << 10) + 1])
def test_a_body_of_any_size_arrives(size):
    def answer(connection):
        left = size - (len(server.requests[0]) - server.requests[0].index(b"\r\n\r\n") - 4)
        while left:
            left -= len(connection.recv(min(left, 65536)))
        connection.sendall(OK + LENGTH)

    with serving(answer) as server, Exchange(PATIENT) as exchange:
        exchange.send("POST", server.url, {}, b"x" * size)
        assert (exchange.status, exchange.read(10)) == (200, b"ok")
