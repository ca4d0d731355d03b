"""What gunicorn sends of an answer, byte for byte."""

import socket
import time
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import pytest

pytestmark = [pytest.mark.xdist_group("live"), pytest.mark.timeout(300)]


@pytest.mark.parametrize(("method", "has_body"), [("GET", True), ("HEAD", False)])
def test_a_head_goes_out_together_with_the_first_of_its_body(live, method, has_body):
    parts = urlsplit(live.url)
    with socket.create_connection((parts.hostname, parts.port)) as connection:
        for _ in range(3):
            connection.sendall(f"{method} /healthz HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            head, _, body = connection.recv(65536).partition(b"\r\n\r\n")
            fields = dict(line.split(b": ", 1) for line in head.lower().split(b"\r\n")[1:])
            assert len(body) == (int(fields[b"content-length"]) if has_body else 0)
            told = parsedate_to_datetime(fields[b"date"].decode()).timestamp()
            assert abs(time.time() - told) < 2
