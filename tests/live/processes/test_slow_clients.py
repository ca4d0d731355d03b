"""Clients that hardly read what they asked for: bounded, hung up on in time, and nobody else waits for them."""

import json
import select
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import psutil
import pytest

from core.accounts.actor import OPERATOR
from core.gateway import tokens
from tests.bot_client import make_key
from tests.live.children import until
from tests.live.conftest import PROVIDER_PORT

pytestmark = [pytest.mark.xdist_group("live-2"), pytest.mark.timeout(300)]

HEAD = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: "
STALL_SECONDS = 5
"""What the house is set to."""
LARGE_BYTES = 6 << 20
SMALL_BUFFER_BYTES = 4_096
"""What its own system takes for a client that does not read."""
MOST_AHEAD_BYTES = 24 << 20
"""What may be under way for one stream: the system's buffers on both of its sides, and one piece."""
MOST_GROWN_BYTES = 32 << 20
"""Of a process, and for each large answer beside that:"""
COPIES = 6
"""As it came, as it goes on, and while it was read."""
AT_ONCE = 20
WAITS_SECONDS = 2
"""For an ordinary request, on a machine with other work; one that waits for a slow client waits five."""


class Upstream:
    """A provider that says at once whatever it can get rid of."""

    def __init__(self):
        self.sent, self.left = [0], threading.Event()

    def serve(self, listening):
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=self._one, args=(connection,), daemon=True).start()

    def _one(self, connection):
        with connection:
            request = document_in(connection)
            if request["stream"]:
                self._stream(connection)
                return
            content = request["messages"][0]["content"]
            body = json.dumps(completion("x" * int(content) if content.isdigit() else "Hello"))
            head = HEAD + b"application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
            connection.sendall(head + body.encode())

    def _stream(self, connection):
        """Without an end, as fast as it is read."""
        piece = {"choices": [{"index": 0, "delta": {"content": "y" * 16_000}}]}
        event = f"data: {json.dumps(piece)}\n\n".encode()
        try:
            connection.sendall(HEAD + b"text/event-stream\r\n\r\n")
            while True:
                connection.sendall(event)
                self.sent[0] += len(event)
        except OSError:
            self.left.set()


def document_in(connection):
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(65_536)
    head, _, body = data.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
    while len(body) < length:
        body += connection.recv(65_536)
    return {"stream": False} | json.loads(body)


def completion(text):
    message = {"role": "assistant", "content": text}
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return {"id": "c", "object": "chat.completion", "choices": [choice], "usage": usage}


@contextmanager
def running(upstream):
    with socket.create_server(("127.0.0.1", PROVIDER_PORT), backlog=64) as listening:
        threading.Thread(target=upstream.serve, args=(listening,), daemon=True).start()
        yield upstream
        listening.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def upstream():
    with running(Upstream()) as one:
        yield one


@pytest.fixture
def asking(live, inside, workspace, owner):
    """`asking(content, stream, kept)`: a connection on which that was asked, but for so many last bytes."""
    make_key(workspace, "openai")
    secret_key = inside.config["SECRET_KEY"]
    token = tokens.create(workspace, owner, "Slow", None, OPERATOR, secret_key)[1]

    def ask(content, stream=False, kept=0):
        said = [{"role": "user", "content": str(content)}]
        body = json.dumps({"model": "gpt-5-mini", "stream": stream, "messages": said}).encode()
        head = (
            "POST /v1/chat/completions HTTP/1.1\r\nHost: here\r\nConnection: close\r\n"
            f"Authorization: Bearer {token}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER_BYTES)
        client.settimeout(30)
        client.connect(("127.0.0.1", live.port))
        client.sendall(head.encode() + body[: len(body) - kept])
        return client

    return ask


def in_every_process(live, asking, content, stream):
    """Two clients that asked this and read only the first bytes, one in each web process."""
    first = start_answer(asking, content, stream)
    process = live.web_process_of(first.getsockname()[1])
    process.suspend()  # so that the other one has to take the next connection
    try:
        second = start_answer(asking, content, stream)
    finally:
        process.resume()
    assert live.web_process_of(second.getsockname()[1]).pid != process.pid
    return [first, second]


def start_answer(asking, content, stream):
    client = asking(content, stream)
    assert b" 200 OK" in client.recv(20)
    return client


def trickle(client):
    """Ten bytes a second, until the other side has hung up; how long that took."""
    began, line = time.monotonic(), select.poll()
    line.register(client, 0)  # asks for nothing but the end
    with client:
        while not line.poll(1_000):
            client.recv(10)
    return time.monotonic() - began


def seconds_of(asking, content):
    began = time.monotonic()
    assert b"Hello" in whole(asking(content))
    return time.monotonic() - began


def whole(client, slowly_seconds=0.0):
    """All of it; for the first seconds so slowly that the answer cannot be gone before they are over."""
    began, data = time.monotonic(), bytearray()
    with client:
        while piece := client.recv(65_536):
            data += piece
            if time.monotonic() < began + slowly_seconds:
                time.sleep(0.1)
    return bytes(data)


def grown(before):
    return max(psutil.Process(pid).memory_info().rss - size for pid, size in before.items())


@pytest.mark.slow
def test_clients_that_hardly_read_are_hung_up_on_and_nobody_else_waits(
    live, upstream, asking, workspace
):
    warm = [seconds_of(asking, "Hello") for _ in range(4)]
    pids = {process.pid for process in live["web"].family()}
    before = {pid: psutil.Process(pid).memory_info().rss for pid in pids}
    streams = in_every_process(live, asking, "Hello", True)
    large = in_every_process(live, asking, LARGE_BYTES, False)
    clients = [*streams, *large]
    with ThreadPoolExecutor(64) as pool:
        patient = pool.submit(whole, asking(LARGE_BYTES), STALL_SECONDS + 1)
        stuck = pool.submit(whole, asking("Hello", kept=1))
        slow = [pool.submit(trickle, client) for client in clients]
        waited = [pool.submit(seconds_of, asking, "Hello") for _ in range(AT_ONCE)]
        longest = max(one.result() for one in waited)
        assert longest < WAITS_SECONDS + AT_ONCE * max(warm)
        assert not any(one.done() for one in slow)
        assert upstream.sent[0] < MOST_AHEAD_BYTES * len(streams)
        assert grown(before) < MOST_GROWN_BYTES + COPIES * LARGE_BYTES * (len(large) + 1)
        took = [one.result() for one in slow]
        assert max(took) < STALL_SECONDS + 1 + WAITS_SECONDS
        assert upstream.left.wait(WAITS_SECONDS)
        assert b" 400 " in stuck.result(WAITS_SECONDS)
        assert len(patient.result()) > LARGE_BYTES
    assert all(psutil.pid_exists(pid) for pid in pids)
    query = "SELECT code FROM gateway_requests WHERE workspace_id = ? AND stream"
    until(lambda: len(live.rows(query, workspace.id)) == len(streams), 5, "their lines in the log")
    assert {row["code"] for row in live.rows(query, workspace.id)} == {"client_left"}
