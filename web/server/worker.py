"""Gunicorn's gevent worker as we run it: stalled clients are dropped, and a stop lets answers finish.

It is imported before gunicorn forks, so it imports nothing of the application but the clock.
"""

import functools
from email.utils import formatdate
from types import FrameType, SimpleNamespace
from typing import Any

import gevent
import gunicorn.http.wsgi
from gunicorn.workers.ggevent import GeventWorker

from core import clock
from web.server.sockets import IdleTimeout, StallTimeoutSocket

STOP_SECONDS = 120  # then gunicorn kills the worker; bin/run.py waits slightly longer
DRAIN_SECONDS = 110
JOINED_BYTES = 256 * 1024


class Response(gunicorn.http.wsgi.Response):
    """Sends the headers together with the first part of the body: one system call, one packet."""

    sock: Any

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
    """Shuts down gracefully: closes idle connections, finishes requests, then answers without a reader."""

    client_stall_seconds: float = 60
    """Set by gunicorn.conf.py from `CLIENT_STALL_SECONDS`."""
    stopping_since: float | None = None

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.waiting: set[IdleTimeout] = set()

    def timeout_ctx(self) -> IdleTimeout:
        """Called before each request on a connection. Yields, so that busy connections don't starve others."""
        gevent.sleep(0)
        return IdleTimeout(self.cfg.keepalive, self.waiting)

    def handle(self, listener: Any, client: Any, addr: Any) -> None:
        super().handle(listener, StallTimeoutSocket(client, self.client_stall_seconds), addr)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.stopping_since = clock.monotonic()
        super().handle_exit(sig, frame)

    def notify(self) -> None:
        """Called every second, also during shutdown."""
        super().notify()
        if not self.alive:
            for idle in self.waiting:
                gevent.get_hub().loop.run_callback(idle.cut)

    @property
    def seconds_left(self) -> float:
        """Seconds left to finish answers; one second if the shutdown isn't graceful (SIGINT, SIGQUIT)."""
        if self.stopping_since is None:
            return 1
        spent = clock.monotonic() - self.stopping_since
        return max(1, min(DRAIN_SECONDS, STOP_SECONDS - 5 - spent))


@functools.lru_cache(1)
def _date_of(second: int) -> str:
    return formatdate(second, usegmt=True)


def http_date() -> str:
    """The Date header, formatted once a second rather than for every response."""
    return _date_of(int(clock.now().timestamp()))
