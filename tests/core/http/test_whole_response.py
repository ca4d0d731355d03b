"""Requests that do not stream: the same limits, bounds and errors, under `requests`."""

import subprocess
import sys
import threading
import time

import pytest
import requests

from core import http
from core.http import Timeouts, transport
from tests.authority import Authority
from tests.core.http.test_exchange import (
    CHUNKED,
    FIRST_BYTE,
    OK,
    PATIENT,
    SECRET,
    STALL,
    TOTAL,
    assert_silent,
    dribbling,
    get_whole,
    says,
    serving,
)


def test_the_request_is_sent_as_it_is():
    with serving(says(OK + b"X-Two: b\r\nContent-Length: 2\r\n\r\nok")) as server:
        headers = {"x-one": "a", "user-agent": "Mevichat"}
        with http.request("POST", server.url, headers, b"body", timeouts=PATIENT) as response:
            assert (response.status, response.read(2)) == (200, b"ok")
            assert response.headers["x-two"] == "b"
        head = server.requests[0].partition(b"\r\n\r\n")[0].lower().split(b"\r\n")
    host = server.url.split("/")[2].encode()
    assert head[0] == b"post /a/path?q=1 http/1.1"
    assert sorted(head[1:]) == sorted(
        [
            b"host: " + host,
            b"accept-encoding: identity",
            b"x-one: a",
            b"user-agent: mevichat",
            b"content-length: 4",
        ]
    )


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (OK + b"Content-Length: 2\r\n\r\nok", b"ok"),
        (CHUNKED + b"1\r\no\r\n1\r\nk\r\n0\r\n\r\n", b"ok"),
        (OK + b"\r\nok", b"ok"),
        (OK + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\nok", b"ok"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK + b"Content-Length: 2\r\n\r\nok", b"ok"),
    ],
)
def test_a_body_is_read_as_it_was_sent(answer, body):
    with serving(says(answer, then_close=True)) as server:
        assert get_whole(server.url)[1] == body


@pytest.mark.parametrize(
    "body",
    [b"5\r\nfir", b"5\r\nfirst\r\n", b"5\r\nfirst\r\nzz\r\n", b"-2\r\nok\r\n0\r\n\r\n"],
)
def test_a_body_that_breaks_off_is_cut(body):
    with serving(says(CHUNKED + body, then_close=True)) as server, pytest.raises(http.Cut):
        get_whole(server.url)
    whole = OK + b"Content-Length: 11\r\n\r\nfirst"
    with serving(says(whole, then_close=True)) as server, pytest.raises(http.Cut):
        get_whole(server.url)


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1", b"SSH-2.0-x\r\n\r\n"])
def test_a_connection_without_an_answer_is_unreachable(answer):
    with (
        serving(says(answer, then_close=True)) as server,
        pytest.raises(http.Unreachable) as caught,
    ):
        get_whole(server.url, headers={"authorization": SECRET})
    assert_silent(caught.value)


@pytest.mark.parametrize("size", [9, 10, 11])
def test_a_body_past_its_bound_is_too_large(size):
    answer = OK + b"Content-Length: %d\r\n\r\n" % size + b"x" * size
    with (
        serving(says(answer)) as server,
        http.request("GET", server.url, {}, timeouts=PATIENT) as response,
    ):
        if size <= 10:
            assert len(response.read(10)) == size
        else:
            with pytest.raises(http.BodyTooLarge):
                response.read(10)


@pytest.mark.parametrize(
    "start",
    [OK + b"\r\n", CHUNKED + b"-1\r\n", CHUNKED + b"2;", OK + b"X: ", b"HTTP/1.1 100 Go on\r\nX: "],
    ids=["a body", "a chunk of no size", "a chunk's size", "a field", "an interim response"],
)
def test_no_more_is_received_than_allowed(start):
    sent = 0

    def answer(connection):
        nonlocal sent
        connection.sendall(start)
        while True:
            connection.sendall(b"x" * 100_000)
            sent += 100_000

    with serving(answer) as server, pytest.raises(http.HttpError) as caught:
        get_whole(server.url)
    assert not isinstance(caught.value, http.TimedOut)
    assert sent < 100 * transport.HEAD_BYTES


@pytest.mark.parametrize(
    ("limits", "answer", "words"),
    [
        (FIRST_BYTE, says(pause_seconds=2), "No response within 0.2 seconds"),
        (FIRST_BYTE, dribbling(OK + b"x: ", b"x"), "No response within 0.2 seconds"),
        (STALL, says(CHUNKED + b"1\r\nx\r\n", pause_seconds=2), "stalled for 0.2 seconds"),
        (TOTAL, dribbling(CHUNKED, b"1\r\nx\r\n"), "wasn’t complete after 0.4 seconds"),
        (TOTAL, dribbling(CHUNKED + b"1\r\nx\r\n", b"0"), "wasn’t complete after 0.4 seconds"),
        (TOTAL, dribbling(OK + b"\r\n", b"x"), "wasn’t complete after 0.4 seconds"),
        (Timeouts(2, 5, 5, 0), says(OK), "connect within 2 seconds"),
    ],
)
def test_each_limit_ends_the_wait_that_it_is_for(limits, answer, words):
    started = time.monotonic()
    with serving(answer) as server, pytest.raises(http.TimedOut, match=words):
        get_whole(server.url, limits)
    assert time.monotonic() - started < 1.8


def test_an_address_with_other_letters_is_sent_in_ascii():
    with serving(says(OK + b"Content-Length: 2\r\n\r\nok")) as server:
        get_whole(server.url.replace("/a/path", "/lämpchen"))
        assert server.requests[0].startswith(b"GET /l%C3%A4mpchen?q=1 HTTP/1.1\r\n")


def test_a_url_that_requests_reads_otherwise_is_not_sent(monkeypatch):
    def elsewhere(self, url, params):
        self.url = "http://127.0.0.1:9/"

    monkeypatch.setattr(requests.PreparedRequest, "prepare_url", elsewhere)
    with pytest.raises(http.NotSendable):
        get_whole("http://127.0.0.1:10/")


@pytest.mark.parametrize("limit", [0, 3, 99])
def test_leaving_hangs_up_at_once_however_much_was_read(limit):
    hung_up = threading.Event()

    def answer(connection):
        connection.sendall(OK + b"Content-Length: 9\r\n\r\nfirst")
        if connection.recv(1) == b"":
            hung_up.set()
        raise StopIteration

    with serving(answer) as server:
        with http.request("GET", server.url, {}, timeouts=STALL) as response:
            if limit:
                with pytest.raises(http.HttpError):
                    response.read(limit)
        assert hung_up.wait(2)
        assert response.status == 200


def test_over_tls_the_authority_of_the_operator_is_trusted(tmp_path, monkeypatch):
    authority = Authority(tmp_path)
    answer = says(CHUNKED + b"2\r\nok\r\n0\r\n\r\n", then_close=True)
    with (
        authority.trusted(monkeypatch),
        serving(answer, authority.server("127.0.0.1")) as server,
    ):
        assert get_whole(server.url) == (200, b"ok")


UNDER_GEVENT = """
from gevent import monkey; monkey.patch_all()
import gevent, sys
from core import http
from core.http import Timeouts

def run():
    try:
        with http.request("GET", sys.argv[1], {}, timeouts=Timeouts(stall_seconds=0.3)) as response:
            return response.read(10)
    except http.HttpError as error:
        return type(error).__name__

with gevent.Timeout(5):
    greenlets = [gevent.spawn(run) for _ in range(20)]
    print(*sorted({str(greenlet.get()) for greenlet in greenlets}))
"""


@pytest.mark.parametrize(
    ("answer", "ends"),
    [
        (says(OK + b"Content-Length: 2\r\n\r\nok"), "b'ok'"),
        (says(OK + b"\r\nx", pause_seconds=4), "TimedOut"),
    ],
)
def test_limits_hold_between_greenlets(answer, ends):
    with serving(answer) as server:
        done = subprocess.run(
            [sys.executable, "-c", UNDER_GEVENT, server.url],
            check=False,
            capture_output=True,
            text=True,
            timeout=20,
        )
    assert (done.stdout, done.stderr) == (f"{ends}\n", "")
