"""Providers that never come to an end, and bodies of any size: bounded, and a clear error."""

import json
import resource
import socket
import threading
from contextlib import contextmanager

import pytest

from core.providers import endpoints
from tests import marker
from tests.bot_client import make_key
from tests.programs import HELLO, PATHS, Program

GPT = "gpt-5-mini"
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def endless_body(connection):
    connection.sendall(OK + b"Content-Length: 104857600\r\n\r\n" + b'{"a": "')
    for _ in range(100):
        connection.sendall(b"x" * (1 << 20))


def endless_headers(connection):
    connection.sendall(OK)
    while True:
        connection.sendall(b"X-Again: " + b"y" * 1_000 + b"\r\n")


def endless_header_line(connection):
    connection.sendall(OK + b"X-Long: ")
    while True:
        connection.sendall(b"y" * 65_536)


def endless_event(connection):
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: ")
    while True:
        connection.sendall(b"z" * 65_536)


def nonsense(connection):
    connection.sendall(b"\x00\xff\xfe" * 1_000)


HOSTILE = [endless_body, endless_headers, endless_header_line, endless_event, nonsense]


@contextmanager
def server(says):
    """Says that to everybody who asks."""

    def serve(listening):
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=one, args=(connection,), daemon=True).start()

    def one(connection):
        with connection:
            try:
                connection.recv(65_536)
                says(connection)
            except OSError:
                return

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=serve, args=(listening,), daemon=True).start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def program(app, cast):
    make_key(cast.workspace, "openai")
    return Program(app, cast.workspace, cast.member)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("says", HOSTILE)
def test_a_provider_without_an_end_is_a_clear_error_in_bounded_memory(
    program, chosen, provider, says, stream
):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with server(says) as port:
        urls = chosen.provider_base_urls | {"openai": f"http://127.0.0.1:{port}/v1"}
        endpoints.configure(chosen.model_copy(update={"provider_base_urls": urls}))
        answer = program.chat(GPT, stream=stream)
        assert answer.status_code == 502, answer.text[:200]
        assert answer.json["error"]["code"] == "upstream_credentials_exhausted"
    endpoints.configure(chosen)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 200 * 1024
    assert program.chat(GPT).status_code == 200


def test_a_request_of_twenty_megabytes_arrives_whole(program, provider):
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * (20 << 20)}}
    said = [{"role": "user", "content": [{"type": "text", "text": "Look"}, image]}]
    body = json.dumps({"model": GPT, "messages": said}).encode()
    assert program.ask("chat", body).status_code == 200
    assert provider.chats[-1].raw == body


def test_a_body_in_chunks_of_one_byte_is_read(program, provider):
    body = json.dumps({"model": GPT, "messages": HELLO}).encode()

    class Dribble:
        def __init__(self):
            self.at = 0

        def read(self, size=-1):
            self.at += 1
            return body[self.at - 1 : self.at]

        readline = read

    environ = {"wsgi.input": Dribble(), "wsgi.input_terminated": True, "CONTENT_LENGTH": ""}
    answer = program.client.post(
        PATHS["chat"],
        headers={"Authorization": f"Bearer {program.token}"},
        environ_overrides=environ,
    )
    assert answer.status_code == 200, answer.text
    assert provider.chats[-1].raw == body and not marker.in_bytes(answer.data)
