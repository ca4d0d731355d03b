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

STOP_SECONDS = 120  # then the master kills; bin/run.py waits a little longer than this
DRAIN_SECONDS = 110
JOINED_BYTES = 256 * 1024


class Response(gunicorn.http.wsgi.Response):
    """Its head goes out together with the first of its body: one call of the system, one packet."""

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
    """Stops gracefully: idle connections at once, requests at their end, then unread answers."""

    client_stall_seconds: float = 60
    """Set by gunicorn.conf.py from `CLIENT_STALL_SECONDS`."""
    stopping_since: float | None = None

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.waiting: set[IdleTimeout] = set()

    def timeout_ctx(self) -> IdleTimeout:
        """Before each request of a connection: whoever sends the next one at once lets others go first."""
        gevent.sleep(0)
        return IdleTimeout(self.cfg.keepalive, self.waiting)

    def handle(self, listener: Any, client: Any, addr: Any) -> None:
        super().handle(listener, StallTimeoutSocket(client, self.client_stall_seconds), addr)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.stopping_since = clock.monotonic()
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
        spent = clock.monotonic() - self.stopping_since
        return max(1, min(DRAIN_SECONDS, STOP_SECONDS - 5 - spent))


@functools.lru_cache(1)
def _date_of(second: int) -> str:
    return formatdate(second, usegmt=True)


def http_date() -> str:
    """For the Date header: written anew once a second, not with every answer."""
    return _date_of(int(clock.now().timestamp()))
