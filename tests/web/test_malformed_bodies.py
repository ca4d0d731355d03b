"""Chunked bodies that are none: 400 in the caller's format, without an error in the log."""

import json
from types import SimpleNamespace

import pytest
from gunicorn.http.body import Body, ChunkedReader
from gunicorn.http.unreader import IterUnreader

from tests.bot_client import BotClient, make_bot
from tests.programs import HELLO, Program

WHOLE = json.dumps({"model": "gpt-5-mini", "messages": HELLO, "text": "Hello"}).encode()
MALFORMED = {
    "no chunks": WHOLE,
    "an empty body": b"",
    "a size that is no number": b"xyz\r\nabc\r\n0\r\n\r\n",
    "no size": b"\r\nabc\r\n0\r\n\r\n",
    "a size below zero": b"-5\r\nabcde\r\n0\r\n\r\n",
    "a size with a sign": b"+5\r\nabcde\r\n0\r\n\r\n",
    "a size with a prefix": b"0x5\r\nabcde\r\n0\r\n\r\n",
    "a size with an underscore": b"1_0\r\nabcde\r\n0\r\n\r\n",
    "a size of 2 to the 64": b"10000000000000000\r\nabc\r\n0\r\n\r\n",
    "a size of a thousand digits": b"f" * 1_000 + b"\r\nabc\r\n0\r\n\r\n",
    "a size without an end": b"5" * 9_000,
    "a chunk longer than its size": b"3\r\nabcdef\r\n0\r\n\r\n",
    "a chunk shorter than its size": b"9\r\nabc\r\n0\r\n\r\n",
    "no last chunk": b"%x\r\n%s\r\n" % (len(WHOLE), WHOLE),
    "no end after the last chunk": b"%x\r\n%s\r\n0\r\n" % (len(WHOLE), WHOLE),
    "an extension that is none": b"3;\x01=\r\nabc\r\n0\r\n\r\n",
    "a trailer that is none": b"0\r\nnot a header\r\n\r\n",
    "a trailer that may not be one": b"0\r\nContent-Length: 5\r\n\r\n",
    "a trailer that is too long": b"0\r\nx: " + b"a" * 900_000,
}


def chunked(data: bytes) -> dict:
    """What gunicorn hands to the application for a body that it has not read yet."""
    request = SimpleNamespace(
        limit_request_field_size=8190,
        max_buffer_headers=100 * 8192,
        trailers=[],
    )
    request.parse_headers = lambda data, from_trailer: _parse(data)
    body = Body(ChunkedReader(request, IterUnreader([data])))
    return {"wsgi.input": body, "wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}


def _parse(data: bytes) -> list:
    from gunicorn.config import Config
    from gunicorn.http.message import Message

    message = object.__new__(Message)
    message.cfg, message.peer_addr, message.scheme = Config(), ("127.0.0.1", 1), "http"
    message.limit_request_fields, message.limit_request_field_size = 100, 8190
    return message.parse_headers(data, from_trailer=True)


def post(client, path, data, **headers):
    return client.post(path, environ_overrides=chunked(data), headers=headers)


@pytest.mark.parametrize("data", MALFORMED.values(), ids=MALFORMED)
def test_a_chunked_body_that_is_none_is_400_in_the_callers_format(app, cast, data, logged):
    program, bot_client = (
        Program(app, cast.workspace, cast.member),
        BotClient(app, make_bot(cast.workspace)),
    )
    token = {"Authorization": f"Bearer {program.token}"}
    for path, is_anthropics in (("/v1/messages", True), ("/v1/chat/completions", False)):
        answer = post(program.client, path, data, **token)
        assert answer.status_code == 400 and answer.json["error"]["message"]
        assert (answer.json.get("type") == "error") is is_anthropics
    answer = post(bot_client.client, f"{bot_client.url}/messages", data, **bot_client.headers())
    assert answer.status_code in (400, 422) and answer.json["error"]["code"]
    page = post(
        app.test_client(), "/sign-in", data, **{"Content-Type": "application/x-www-form-urlencoded"}
    )
    assert page.status_code == 400
    assert '"level": "error"' not in logged() and "unexpected" not in logged()


def test_a_chunked_body_is_read(app, cast):
    program = Program(app, cast.workspace, cast.member)
    data = b"%x;a=b\r\n%s\r\n0\r\nx: y\r\n\r\n" % (len(WHOLE), WHOLE)
    answer = post(
        program.client, "/v1/chat/completions", data, Authorization=f"Bearer {program.token}"
    )
    assert answer.status_code == 404, answer.text  # no key serves the model: the body was read
