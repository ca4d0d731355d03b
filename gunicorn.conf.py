"""How gunicorn serves the product: gevent, and a graceful stop that lets answers finish.

gevent patches the standard library before anything else is imported: that is why the imports below
the first two lines are where they are.
"""

from gevent import monkey

monkey.patch_all()

import os  # noqa: E402
import resource  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
from types import FrameType  # noqa: E402
from typing import Any  # noqa: E402

import gevent  # noqa: E402
import gunicorn.http.wsgi  # noqa: E402
from gunicorn.arbiter import Arbiter  # noqa: E402
from gunicorn.workers.ggevent import GeventWorker  # noqa: E402

from core import settings as settings_module  # noqa: E402
from core.errors import SettingsError  # noqa: E402

STOP_SECONDS = 120  # then the master kills; bin/run.py waits a little longer than this
DRAIN_SECONDS = 110
OPEN_FILES = 65_536

try:
    settings = settings_module.read()
except SettingsError as error:
    sys.exit(error.message)


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


class Worker(GeventWorker):
    """Stops gracefully: idle connections at once, requests at their end, then unread answers."""

    stopping_since: float | None = None

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.waiting: set[Waiting] = set()

    def timeout_ctx(self) -> Waiting:
        return Waiting(self.cfg.keepalive, self.waiting)

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
    from core.bots import answering
    from core.gateway import requests

    answering.drain(timeout_seconds=worker.seconds_left)
    requests.flush()


_more_open_files()
gunicorn.http.wsgi.SERVER = "Mevichat"

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
