"""How gunicorn serves the product: gevent, and a graceful stop that lets answers finish.

gevent patches the standard library before anything else is imported: that is why the imports below
the first two lines are where they are.
"""

from gevent import monkey

monkey.patch_all()

import errno  # noqa: E402
import functools  # noqa: E402
import os  # noqa: E402
import resource  # noqa: E402
import socket  # noqa: E402
import struct  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
from email.utils import formatdate  # noqa: E402
from types import FrameType, SimpleNamespace  # noqa: E402
from typing import Any  # noqa: E402

import gevent  # noqa: E402
import gunicorn.http.wsgi  # noqa: E402
import gunicorn.util  # noqa: E402
from gunicorn.arbiter import Arbiter  # noqa: E402
from gunicorn.workers.ggevent import GeventWorker  # noqa: E402

from core import settings as settings_module  # noqa: E402
from core.errors import SettingsError  # noqa: E402

STOP_SECONDS = 120  # then the master kills; bin/run.py waits a little longer than this
DRAIN_SECONDS = 110
OPEN_FILES = 65_536
JOINED_BYTES = 256 * 1024

try:
    settings = settings_module.read()
except SettingsError as error:
    sys.exit(error.message)


UNSENT_BYTES = 128 * 1024
"""What the system keeps of an answer for its client: with half of it taken there is room for more. Left to
itself it keeps megabytes, and a client that takes ten kilobytes a second seems to stand still."""
_NOT_SENT = getattr(socket, "TCP_NOTSENT_LOWAT", None)
_AT_ONCE = struct.pack("ii", 1, 0)
"""How a socket is closed without waiting for its client to take what the system keeps for it."""


class Waiting(gevent.Timeout):
    """The time that a connection without a request has left. A stop cuts it short."""

    def __init__(self, seconds: float, others: set["Waiting"]) -> None:
        super().__init__(seconds, False)
        self.others = others

    def __enter__(self) -> "Waiting":
        self.greenlet = gevent.getcurrent()
        self.others.add(self)
        return super().__enter__()

    def __exit__(self, *raised: Any) -> bool | None:
        self.others.discard(self)
        return super().__exit__(*raised)

    def cut(self) -> None:
        if self in self.others:
            self.greenlet.throw(self)


class Patient:
    """A client's socket, given up where the client stands still: it takes nothing, or sends nothing.

    Counted is each step, not the whole (as gevent's own `sendall` does): whoever goes on is served to the
    end. One that was given up is treated as one that hung up.
    """

    def __init__(self, sock: Any, seconds: float) -> None:
        self._sock, self._seconds = sock, seconds
        if _NOT_SENT is not None:
            sock.setsockopt(socket.IPPROTO_TCP, _NOT_SENT, UNSENT_BYTES)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)

    def setblocking(self, _flag: bool) -> None:
        self._sock.settimeout(self._seconds)

    def recv(self, size: int, *flags: int) -> bytes:
        try:
            return self._sock.recv(size, *flags)
        except TimeoutError:
            return b""

    def sendall(self, data: bytes) -> None:
        left = memoryview(data)
        try:
            while left:
                left = left[self._sock.send(left) :]
        except TimeoutError:
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
            raise BrokenPipeError(errno.EPIPE, "The client took nothing more.") from None


class Response(gunicorn.http.wsgi.Response):
    """Its head goes out together with the first of its body: one call of the system, one packet."""

    def write(self, arg: bytes) -> None:
        if self.headers_sent or len(arg) > JOINED_BYTES:
            super().write(arg)
            return
        client, held = self.sock, bytearray()
        self.sock = SimpleNamespace(sendall=held.extend)
        try:
            super().write(arg)
        finally:
            self.sock = client
        client.sendall(held)


class Worker(GeventWorker):
    """Stops gracefully: idle connections at once, requests at their end, then unread answers."""

    stopping_since: float | None = None

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.waiting: set[Waiting] = set()

    def timeout_ctx(self) -> Waiting:
        """Before each request of a connection: whoever sends the next one at once lets others go first."""
        gevent.sleep(0)
        return Waiting(self.cfg.keepalive, self.waiting)

    def handle(self, listener: Any, client: Any, addr: Any) -> None:
        super().handle(listener, Patient(client, settings.client_stall_seconds), addr)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.stopping_since = time.monotonic()
        super().handle_exit(sig, frame)

    def notify(self) -> None:
        """Called every second, while it stops too."""
        super().notify()
        if not self.alive:
            for idle in self.waiting:
                gevent.get_hub().loop.run_callback(idle.cut)

    @property
    def seconds_left(self) -> float:
        """For unread answers; one second where the stop is not graceful (SIGINT, SIGQUIT)."""
        if self.stopping_since is None:
            return 1
        spent = time.monotonic() - self.stopping_since
        return max(1, min(DRAIN_SECONDS, STOP_SECONDS - 5 - spent))


@functools.lru_cache(1)
def _date_of(second: int) -> str:
    return formatdate(second, usegmt=True)


def http_date() -> str:
    """For the Date header: written anew once a second, not with every answer."""
    return _date_of(int(time.time()))


def _more_open_files() -> None:
    """A stream holds two sockets, and shells often allow 1,024: takes what the system gives."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def worker_exit(_server: Arbiter, worker: Worker) -> None:
    """The connections are closed: lets the answers still being written come to their end."""
    if not worker.booted:
        return
    from core.bots.answers import answer_task
    from core.gateway.request_log import writer

    answer_task.drain(timeout_seconds=worker.seconds_left)
    writer.flush()


_more_open_files()
gunicorn.http.wsgi.SERVER = "Mevichat"
gunicorn.http.wsgi.Response = Response
gunicorn.util.http_date = http_date

host = f"[{settings.host}]" if ":" in settings.host else settings.host
bind = [f"{host}:{settings.port}"]
workers = settings.web_processes or len(os.sched_getaffinity(0))
worker_class: Any = Worker
worker_connections = 4000
timeout = 60  # a worker whose loop stood still this long is replaced; streams may last longer
graceful_timeout = STOP_SECONDS
keepalive = 5
limit_request_line = 8190
limit_request_fields = 100
limit_request_field_size = 8190
forwarded_allow_ips = ""  # the app itself decides which proxies to believe (TRUSTED_PROXIES)
control_socket_disable = True
accesslog = None  # the app logs its requests
errorlog = "-"
loglevel = "info" if settings.log_level == "debug" else "warning"
