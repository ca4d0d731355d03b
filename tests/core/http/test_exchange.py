"""Outgoing HTTP over real sockets: limits, broken answers, cancelling, the pool, TLS, gevent."""

import pickle
import socket
import ssl
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from core import http
from core.http import Exchange, Timeouts, connections
from tests.marker import MARKER

FIRST_BYTE = Timeouts(2, 0.2, 5, 5)
STALL = Timeouts(2, 5, 0.2, 5)
TOTAL = Timeouts(2, 5, 5, 0.4)
PAUSE_SECONDS, FAR_LESS_SECONDS = 30, 10
"""How long the far side says nothing; how long whoever has a limit of 0.2 s takes at most when busy."""
PATIENT = Timeouts(10, 40, 40, 40)
OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
SECRET = f"sk-{MARKER}"


class Script:
    """A server that reads each request and then runs a test's own lines with the socket."""

    def __init__(self, answer, context=None):
        self.requests, self.connections, self._answer = [], 0, answer
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._context = context
        scheme = "https" if context else "http"
        self.url = f"{scheme}://127.0.0.1:{self._socket.getsockname()[1]}/a/path?q=1"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection):
        try:
            if self._context:
                connection = self._context.wrap_socket(connection, server_side=True)
            while request := self._read(connection):
                self.requests.append(request)
                self._answer(connection)
        except (OSError, StopIteration):
            pass
        finally:
            connection.close()

    def _read(self, connection):
        data = b""
        while b"\r\n\r\n" not in data:
            if not (more := connection.recv(65536)):
                return b""
            data += more
        return data

    def close(self):
        self._socket.close()


@contextmanager
def serving(answer, context=None):
    connections.pool.clear()
    script = Script(answer, context)
    try:
        yield script
    finally:
        script.close()
        connections.pool.clear()


def says(*pieces, pause_seconds=0.0, then_close=False):
    def answer(connection):
        for piece in pieces:
            connection.sendall(piece)
            time.sleep(pause_seconds)
        if then_close:
            raise StopIteration

    return answer


def get(url, timeouts=PATIENT, headers=None):
    with Exchange(timeouts) as exchange:
        exchange.send("GET", url, headers or {})
        return exchange.status, exchange.read(100_000)


def get_whole(url, timeouts=PATIENT, headers=None):
    with http.request("GET", url, headers or {}, timeouts=timeouts) as response:
        return response.status, response.read(100_000)


# What goes out, what comes back


def test_the_request_is_sent_as_it_is():
    with serving(says(OK + b"Content-Length: 2\r\nX-Two: b\r\n\r\nok")) as server:
        with Exchange(PATIENT) as exchange:
            exchange.send("POST", server.url, {"x-one": "a"}, b"body")
            assert (exchange.status, exchange.read(10)) == (200, b"ok")
            assert exchange.headers["x-two"] == "b"
        assert server.requests[0].startswith(b"POST /a/path?q=1 HTTP/1.1\r\n")
        assert b"\r\nx-one: a\r\n" in server.requests[0]


@pytest.mark.parametrize(
    ("head", "first", "second", "end"),
    [
        (CHUNKED, b"5\r\nfirst\r\n", b"6\r\nsecond\r\n", b"0\r\n\r\n"),
        (OK + b"\r\n", b"first", b"second", b""),
        (OK + b"Content-Length: 11\r\n\r\n", b"first", b"second", b""),
    ],
)
def test_a_body_comes_piece_by_piece_as_it_arrives(head, first, second, end):
    go_on = threading.Event()

    def answer(connection):
        connection.sendall(head + first)
        go_on.wait(5)
        connection.sendall(second + end)
        raise StopIteration

    with serving(answer) as server, Exchange(PATIENT) as exchange:
        exchange.send("GET", server.url, {})
        buffers = exchange.buffers()
        assert next(buffers) == b"first"
        go_on.set()
        assert b"".join(buffers) == b"second"


@pytest.mark.parametrize(
    "answer",
    [
        CHUNKED + b"5\r\nfir",
        CHUNKED + b"5\r\nfirst\r\n",
        CHUNKED + b"5\r\nfirst\r\nzz\r\n",
        CHUNKED + b"5\r\nfirst\r\n" + b"1" * 70_000,
        OK + b"Content-Length: 11\r\n\r\nfirst",
    ],
)
def test_a_body_that_breaks_off_is_cut(answer):
    with serving(says(answer, then_close=True)) as server, pytest.raises(http.Cut):
        get(server.url)


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1", b"SSH-2.0-x\r\n\r\n", b"\r\n" * 9])
def test_a_connection_without_an_answer_is_unreachable(answer):
    with serving(says(answer, then_close=True)) as server, pytest.raises(http.Unreachable):
        get(server.url)


def test_a_refused_connection_and_an_unknown_host_say_so():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(http.Unreachable, match="Connection refused"):
        get(f"http://127.0.0.1:{port}/")
    with pytest.raises(http.Unreachable):
        get("http://nowhere.invalid/")


def test_no_redirect_is_followed():
    with serving(says(OK + b"Content-Length: 0\r\n\r\n")) as target:
        location = target.url.encode()
        redirect = b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: " + location + b"\r\n\r\n"
        with serving(says(redirect)) as server:
            assert get(server.url) == (302, b"")
            assert get_whole(server.url) == (302, b"")
        assert target.connections == 0


@pytest.mark.parametrize("size", [9, 10, 11])
def test_a_body_past_its_bound_is_too_large(size):
    with (
        serving(says(OK + b"Content-Length: %d\r\n\r\n" % size + b"x" * size)) as server,
        Exchange(PATIENT) as exchange,
    ):
        exchange.send("GET", server.url, {})
        if size <= 10:
            assert len(exchange.read(10)) == size
        else:
            with pytest.raises(http.BodyTooLarge):
                exchange.read(10)


def test_an_endless_body_is_read_to_its_bound_only():
    def answer(connection):
        connection.sendall(OK + b"\r\n")
        while True:
            connection.sendall(b"x" * 100_000)

    with serving(answer) as server, Exchange(PATIENT) as exchange:
        exchange.send("GET", server.url, {})
        assert len(exchange.head(1000)) == 1000


# Time


def dribbling(head, piece, until_seconds=PAUSE_SECONDS):
    def answer(connection):
        connection.sendall(head)
        ends_at = time.monotonic() + until_seconds
        while time.monotonic() < ends_at:
            connection.sendall(piece)
            time.sleep(0.02)

    return answer


@pytest.mark.parametrize(
    ("limits", "answer", "words"),
    [
        (FIRST_BYTE, says(pause_seconds=PAUSE_SECONDS), "No response within 0.2 seconds"),
        (FIRST_BYTE, says(OK, pause_seconds=PAUSE_SECONDS), "No response within 0.2 seconds"),
        (
            FIRST_BYTE,
            says(b"", CHUNKED, pause_seconds=PAUSE_SECONDS),
            "No response within 0.2 seconds",
        ),
        (FIRST_BYTE, dribbling(OK + b"x: ", b"x"), "No response within 0.2 seconds"),
        (FIRST_BYTE, dribbling(CHUNKED, b"0"), "No response within 0.2 seconds"),
        (
            STALL,
            says(CHUNKED + b"1\r\nx\r\n", pause_seconds=PAUSE_SECONDS),
            "stalled for 0.2 seconds",
        ),
        (STALL, says(OK + b"\r\nx", pause_seconds=PAUSE_SECONDS), "stalled for 0.2 seconds"),
        (TOTAL, dribbling(CHUNKED, b"1\r\nx\r\n"), "wasn’t complete after 0.4 seconds"),
        (TOTAL, dribbling(CHUNKED + b"1\r\nx\r\n", b"0"), "wasn’t complete after 0.4 seconds"),
        (TOTAL, dribbling(OK + b"\r\n", b"x"), "wasn’t complete after 0.4 seconds"),
    ],
)
def test_each_limit_ends_the_wait_that_it_is_for(limits, answer, words):
    started = time.monotonic()
    with serving(answer) as server, pytest.raises(http.TimedOut, match=words):
        get(server.url, limits)
    assert time.monotonic() - started < FAR_LESS_SECONDS


def test_the_limit_on_connecting_ends_a_handshake_that_does_not_come():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"https://127.0.0.1:{silent.getsockname()[1]}/"
        with pytest.raises(http.TimedOut, match=r"connect within 0\.2 seconds"):
            get(url, Timeouts(connect_seconds=0.2))


def test_a_pause_shorter_than_the_limit_is_no_stall():
    pieces = [CHUNKED, *[b"1\r\nx\r\n"] * 3, b"0\r\n\r\n"]
    with serving(says(*pieces, pause_seconds=0.1)) as server:
        assert get(server.url, Timeouts(1, 0.25, 0.25, 5)) == (200, b"xxx")


# Cancelling


def cancelled_while(answer, before_body=False):
    """Runs an exchange in a thread, cancels it in the midst; returns its error and the delay."""
    reached, caught = threading.Event(), []

    def run():
        try:
            with exchange:
                if before_body:
                    reached.set()
                exchange.send("GET", server.url, {})
                for _ in exchange.buffers():
                    reached.set()
        except http.HttpError as error:
            caught.append(error)

    with serving(answer) as server:
        exchange = Exchange(PATIENT)
        thread = threading.Thread(target=run)
        thread.start()
        reached.wait(10)
        time.sleep(0.05)
        started = time.monotonic()
        exchange.cancel()
        thread.join(PAUSE_SECONDS)
        return caught, time.monotonic() - started


@pytest.mark.parametrize(
    ("answer", "before_body"),
    [
        (says(pause_seconds=PAUSE_SECONDS), True),
        (says(CHUNKED + b"1\r\nx\r\n", pause_seconds=PAUSE_SECONDS), False),
        (says(OK + b"\r\nx", pause_seconds=PAUSE_SECONDS), False),
        (says(OK + b"Content-Length: 9\r\n\r\nx", pause_seconds=PAUSE_SECONDS), False),
        (dribbling(CHUNKED, b"1\r\nx\r\n"), False),
    ],
)
def test_cancelling_from_another_thread_ends_the_wait_at_once(answer, before_body):
    caught, seconds = cancelled_while(answer, before_body)
    assert [type(error) for error in caught] == [http.Cancelled]
    assert seconds < FAR_LESS_SECONDS


def test_an_exchange_cancelled_before_it_began_sends_nothing():
    with serving(says(OK + b"Content-Length: 0\r\n\r\n")) as server:
        with Exchange(PATIENT) as exchange:
            exchange.cancel()
            with pytest.raises(http.Cancelled):
                exchange.send("GET", server.url, {})
        assert server.requests == []


def test_cancelling_an_exchange_that_is_over_leaves_the_next_one_alone():
    with serving(says(OK + b"Content-Length: 1\r\n\r\nx")) as server:
        first = Exchange(PATIENT)
        first.send("GET", server.url, {})
        first.read(10)
        first.close()
        with Exchange(PATIENT) as second:
            second.send("GET", server.url, {})
            first.cancel()
            assert second.read(10) == b"x"
        assert server.connections == 1


# The pool


@pytest.mark.parametrize(
    ("answer", "connections"),
    [
        (says(OK + b"Content-Length: 1\r\n\r\nx"), 1),
        (says(CHUNKED + b"1\r\nx\r\n0\r\n\r\n"), 1),
        (says(OK + b"Connection: close\r\nContent-Length: 1\r\n\r\nx", then_close=True), 3),
        (says(OK + b"\r\nx", then_close=True), 3),
        (says(b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", then_close=True), 3),
        (says(OK + b"Content-Length: 1\r\n\r\nx", then_close=True), 3),
        (says(OK + b"Content-Length: 1\r\n\r\nx", b"stray", pause_seconds=0.005), 3),
    ],
)
def test_a_connection_serves_again_where_that_is_safe(answer, connections):
    with serving(answer) as server:
        for _ in range(3):
            assert get(server.url) == (200, b"x")
            time.sleep(0.02)
        assert (server.connections, len(server.requests)) == (connections, 3)


def test_a_body_not_read_to_its_end_costs_the_connection():
    size = 2 * connections.RECEIVED_BYTES
    with serving(says(OK + b"Content-Length: %d\r\n\r\n" % size + b"x" * size)) as server:
        with Exchange(PATIENT) as exchange:
            exchange.send("GET", server.url, {})
            exchange.head(2)
        with Exchange(PATIENT) as exchange:
            exchange.send("GET", server.url, {})
            assert len(exchange.read(size)) == size
        assert server.connections == 2


@pytest.mark.parametrize(
    "head", [CHUNKED, OK + b"\r\n", OK + b"Connection: close\r\nContent-Length: 99\r\n\r\n"]
)
def test_leaving_a_body_midway_hangs_up_at_once(head):
    hung_up = threading.Event()

    def answer(connection):
        connection.sendall(head + b"5\r\nfirst\r\n")
        if connection.recv(1) == b"":
            hung_up.set()
        raise StopIteration

    with serving(answer) as server:
        exchange = Exchange(PATIENT)
        exchange.send("GET", server.url, {})
        next(exchange.buffers())
        exchange.close()
        assert hung_up.wait(20)


def test_finishing_waits_a_moment_for_the_last_bytes():
    with serving(says(CHUNKED + b"4\r\nlast\r\n", b"0\r\n\r\n", pause_seconds=0.01)) as server:
        for _ in range(2):
            with Exchange(PATIENT) as exchange:
                exchange.send("GET", server.url, {})
                assert next(exchange.buffers()) == b"last"
                exchange.finish()
        assert server.connections == 1


def test_finishing_does_not_wait_for_long():
    with serving(says(CHUNKED + b"4\r\nlast\r\n", pause_seconds=PAUSE_SECONDS)) as server:
        exchange = Exchange(PATIENT)
        exchange.send("GET", server.url, {})
        next(exchange.buffers())
        started = time.monotonic()
        exchange.finish()
        assert time.monotonic() - started < FAR_LESS_SECONDS


def test_the_pool_keeps_no_more_than_its_number_and_no_line_for_too_long(monkeypatch):
    monkeypatch.setattr(connections, "MAX_IDLE_PER_ORIGIN", 2)
    with serving(says(OK + b"Content-Length: 1\r\n\r\nx")) as server:
        exchanges = [Exchange(PATIENT) for _ in range(4)]
        for exchange in exchanges:
            exchange.send("GET", server.url, {})
            exchange.read(10)
        for exchange in exchanges:
            exchange.close()
        assert [len(idle) for idle in connections.pool._idle.values() if idle] == [2]
        monkeypatch.setattr(connections, "MAX_IDLE_SECONDS", 0)
        get(server.url)
        assert server.connections == 5


def test_many_threads_never_share_a_line():
    def answer(connection):
        time.sleep(0.001)
        number = server.requests and connection.fileno()
        connection.sendall(CHUNKED + b"%x\r\n%b\r\n0\r\n\r\n" % (3, b"%03d" % (number % 1000)))

    with serving(answer) as server:
        outcomes = []

        def run():
            outcomes.extend(get(server.url)[0] for _ in range(20))

        threads = [threading.Thread(target=run) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert outcomes == [200] * 320
        assert server.connections <= 16


def test_a_forked_child_starts_with_an_empty_pool():
    with serving(says(OK + b"Content-Length: 1\r\n\r\nx")) as server:
        get(server.url)
        child = connections.os.fork()
        if child == 0:
            connections.os._exit(0 if not any(connections.pool._idle.values()) else 1)
        assert connections.os.waitstatus_to_exitcode(connections.os.waitpid(child, 0)[1]) == 0
        get(server.url)
        assert server.connections == 1


# Secrets and errors


@pytest.mark.parametrize("bad", [f"{SECRET}\n", f"{SECRET}\r\nx: y", f"{SECRET}é€"])
def test_a_header_that_cannot_be_sent_is_not_repeated_in_the_error(bad):
    with serving(says(OK, then_close=True)) as server:
        for send in (
            lambda: get(server.url, headers={"authorization": bad}),
            lambda: get_whole(server.url, headers={"authorization": bad}),
        ):
            with pytest.raises(http.HttpError) as caught:
                send()
            assert_silent(caught.value)
        assert not any(MARKER.encode() in request for request in server.requests if "\n" in bad)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://127.0.0.1/",
        "http:///x",
        "http://u:p@127.0.0.1/",
        "http://127.0.0.1:x/",
        "http://a b/",
    ],
)
def test_an_address_that_cannot_be_used_is_refused(url):
    with pytest.raises(http.HttpError):
        get(url)


def test_nothing_is_taken_from_the_environment(monkeypatch, tmp_path):
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password other\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with serving(says(OK + b"Content-Length: 0\r\n\r\n")) as server:
        get_whole(server.url, headers={"authorization": "Bearer mine"})
        get_whole(server.url)
        assert b"Bearer mine" in server.requests[0]
        assert b"uthorization" not in server.requests[1]


@pytest.mark.parametrize("name", [name for name in http.__all__ if name[0].isupper()])
def test_errors_pickle(name):
    kind = getattr(http, name)
    if isinstance(kind, type) and issubclass(kind, http.HttpError):
        error = pickle.loads(pickle.dumps(kind("words")))
        assert (type(error), error.message) == (kind, "words")


def assert_silent(error):
    assert MARKER not in repr(error) + str(error)
    assert error.__suppress_context__


# TLS


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A self-signed certificate for 127.0.0.1, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "loopback")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "loopback.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


@pytest.fixture
def tls_server(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@pytest.fixture
def trusted(certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    connections.tls.cache_clear()
    yield
    connections.tls.cache_clear()


def test_a_certificate_nobody_vouches_for_gets_no_request(tls_server):
    with serving(says(OK), tls_server) as server:
        with pytest.raises(http.Unreachable, match="certificate"):
            get(server.url, headers={"authorization": SECRET})
        with pytest.raises(http.Unreachable, match="certificate"):
            get_whole(server.url)
        assert server.requests == []


def test_a_certificate_for_another_name_gets_no_request(tls_server, trusted):
    with serving(says(OK), tls_server) as server:
        with pytest.raises(http.Unreachable, match="certificate"):
            get(server.url.replace("127.0.0.1", "localhost"))
        assert server.requests == []


def test_tls_connections_serve_again(tls_server, trusted):
    with serving(says(CHUNKED + b"1\r\nx\r\n0\r\n\r\n"), tls_server) as server:
        for _ in range(3):
            assert get(server.url) == (200, b"x")
        assert server.connections == 1


def test_tls_exchanges_can_be_cancelled_and_time_out(tls_server, trusted):
    stalling = says(CHUNKED + b"1\r\nx\r\n", pause_seconds=PAUSE_SECONDS)
    with (
        serving(stalling, tls_server) as server,
        pytest.raises(http.TimedOut, match="stalled for"),
    ):
        get(server.url, STALL)
    with serving(stalling, tls_server) as server, Exchange(PATIENT) as exchange:
        exchange.send("GET", server.url, {})
        next(exchange.buffers())
        threading.Timer(0.05, exchange.cancel).start()
        started = time.monotonic()
        with pytest.raises(http.Cancelled):
            next(exchange.buffers())
        assert time.monotonic() - started < FAR_LESS_SECONDS


# gevent

UNDER_GEVENT = """
from gevent import monkey; monkey.patch_all()
import gevent, sys, time
from core import http
from core.http import Exchange, Timeouts

url, ends = sys.argv[1], []

def run(exchange):
    try:
        with exchange:
            exchange.send("GET", url, {})
            for buffer in exchange.buffers():
                ends.append(buffer)
    except http.HttpError as error:
        ends.append(type(error).__name__)

def both(timeouts, act):
    exchanges = [Exchange(timeouts) for _ in range(20)]
    greenlets = [gevent.spawn(run, exchange) for exchange in exchanges]
    with gevent.Timeout(30):
        while len(ends) < 20:
            gevent.sleep(0.01)
    started = time.monotonic()
    act(exchanges)
    gevent.joinall(greenlets, timeout=20)
    outcome, seconds = sorted(set(map(str, ends))), time.monotonic() - started
    assert len(ends) == 40 and seconds < 10, (ends, seconds)
    ends.clear()
    print(*outcome)

both(Timeouts(), lambda exchanges: [exchange.cancel() for exchange in exchanges])
both(Timeouts(stall_seconds=0.3), lambda exchanges: None)
"""


@pytest.mark.parametrize("over_tls", [False, True])
def test_limits_and_cancelling_work_between_greenlets(
    over_tls, tls_server, certificate, monkeypatch
):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    stalling = says(CHUNKED + b"1\r\nx\r\n", pause_seconds=PAUSE_SECONDS)
    with serving(stalling, tls_server if over_tls else None) as server:
        done = subprocess.run(
            [sys.executable, "-c", UNDER_GEVENT, server.url],
            check=False,
            capture_output=True,
            text=True,
            timeout=90,
        )
    assert (done.stdout.split("\n")[:2], done.stderr) == (["Cancelled b'x'", "TimedOut b'x'"], "")
