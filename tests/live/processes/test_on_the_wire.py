"""What gunicorn sends of an answer, byte for byte."""

import socket
import time
from contextlib import ExitStack, contextmanager
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import pytest

pytestmark = [pytest.mark.xdist_group("live-2"), pytest.mark.timeout(300)]


@pytest.mark.parametrize(("method", "has_body"), [("GET", True), ("HEAD", False)])
def test_a_head_goes_out_together_with_the_first_of_its_body(live, method, has_body):
    parts = urlsplit(live.url)
    with socket.create_connection((parts.hostname, parts.port)) as connection:
        for _ in range(3):
            connection.sendall(f"{method} /healthz HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            head, _, body = connection.recv(65536).partition(b"\r\n\r\n")
            fields = dict(line.split(b": ", 1) for line in head.lower().split(b"\r\n")[1:])
            assert len(body) == (int(fields[b"content-length"]) if has_body else 0)
            date = parsedate_to_datetime(fields[b"date"].decode()).timestamp()
            assert abs(time.time() - date) < 2


def test_who_sends_the_next_request_at_once_lets_others_go_first(live):
    """Two hundred requests in one packet, and one on another connection of the same process."""
    with two_to_one_process(live) as (hasty, other):
        hasty.sendall(b"HEAD /sign-in HTTP/1.1\r\nHost: x\r\n\r\n" * 200)
        hasty.recv(1, socket.MSG_PEEK)
        assert b" 200 " in health_response(other)
        before = hasty.recv(1_000_000).count(b"HTTP/1.1 200")
        assert 0 < before < 100


@contextmanager
def two_to_one_process(live):
    """Two connections that are served by the same web process."""
    with ExitStack() as stack:
        found = {}
        while True:
            line = stack.enter_context(socket.create_connection(("127.0.0.1", live.port)))
            health_response(line)
            pid = live.web_process_of(line.getsockname()[1]).pid
            if pid in found:
                yield found[pid], line
                return
            found[pid] = line


def health_response(line):
    line.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    return line.recv(65536)
