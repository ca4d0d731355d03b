"""The gunicorn configuration: gevent, and a graceful stop that lets answers finish.

gevent patches the standard library before anything else is imported: that is why the imports below
the first two lines are where they are.
"""

from gevent import monkey

monkey.patch_all()

import os  # noqa: E402
import resource  # noqa: E402
import sys  # noqa: E402
from typing import Any  # noqa: E402

import gunicorn.http.wsgi  # noqa: E402
import gunicorn.util  # noqa: E402
from gunicorn.arbiter import Arbiter  # noqa: E402

from core import settings as settings_module  # noqa: E402
from core.errors import SettingsError  # noqa: E402
from web.server import worker as serving  # noqa: E402

OPEN_FILES = 65_536

try:
    settings = settings_module.read()
except SettingsError as error:
    sys.exit(error.message)


def _more_open_files() -> None:
    """Raises the limit on open files: a stream needs two sockets, and shells often allow only 1,024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def worker_exit(_server: Arbiter, worker: serving.Worker) -> None:
    """After the connections are closed, waits for answers that are still being written."""
    if not worker.booted:
        return
    from core.bots.answers import answer_task
    from core.gateway.request_log import writer

    answer_task.drain(timeout_seconds=worker.seconds_left)
    writer.flush()


_more_open_files()
gunicorn.http.wsgi.SERVER = "Mevichat"
gunicorn.http.wsgi.Response = serving.Response
gunicorn.util.http_date = serving.http_date
serving.Worker.client_stall_seconds = settings.client_stall_seconds

host = f"[{settings.host}]" if ":" in settings.host else settings.host
bind = [f"{host}:{settings.port}"]
workers = settings.web_processes or len(os.sched_getaffinity(0))
worker_class: Any = serving.Worker
worker_connections = 4000
timeout = (
    60  # a worker whose event loop is blocked for this long is replaced; streams may last longer
)
graceful_timeout = serving.STOP_SECONDS
keepalive = 5
limit_request_line = 8190
limit_request_fields = 100
limit_request_field_size = 8190
forwarded_allow_ips = ""  # the app decides which proxies to trust (TRUSTED_PROXIES)
control_socket_disable = True
accesslog = None  # the app logs its requests
errorlog = "-"
loglevel = "info" if settings.log_level == "debug" else "warning"
