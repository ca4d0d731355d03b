"""Runs the product: starts the processes in order, waits until they are ready, and stops them.

Started by `bin/run`. Every failure prints one sentence that says what to do.
"""

import errno
import fcntl
import http.client
import os
import socket
import sys
from pathlib import Path
from typing import IO

from honcho.environ import parse_procfile
from redis import Redis
from redis.exceptions import RedisError

from bin.processes import Ended, Processes
from core.configuration import read
from core.errors import SettingsError
from core.settings import Settings

SERVICES = {"redis", "mini"}  # the others depend on these: started first, stopped last
MIGRATE = "exec .venv/bin/python -m flask --app app db upgrade"
REDIS_SECONDS = 60
READY_SECONDS = 120
STOP_SECONDS = 125  # gunicorn gives its streams 120
SERVICES_STOP_SECONDS = 10


def main() -> None:
    try:
        settings = read()
    except SettingsError as error:
        sys.exit(error.message)
    with lock_data_dir(settings):
        services = embedded_services(settings)
        check_port(settings.host, settings.port, "PORT")
        if "mini" in services:
            check_port("127.0.0.1", settings.mini_port, "MINI_PORT")
        sys.exit(run(settings, services))


def run(settings: Settings, services: set[str]) -> str | None:
    """Runs until everything has stopped; returns why, or None if the operator stopped it."""
    procfile = parse_procfile(Path("Procfile").read_text()).processes
    processes = Processes({**procfile, "migrate": MIGRATE})
    try:
        start(processes, settings, services, set(procfile) - SERVICES)
        print(welcome(settings), flush=True)
        processes.until(lambda: False)
    except Ended as reason:
        if str(reason):
            return f"\n{reason}"
        print(
            "Stopping after running answers finish. Press Ctrl-C again to stop immediately.",
            flush=True,
        )
    finally:
        stop(processes)
    return None


def start(processes: Processes, settings: Settings, services: set[str], others: set[str]) -> None:
    """Starts the services, migrates the database, starts the rest; raises Ended if one step fails."""
    processes.start(*sorted(services, reverse=True))
    if "redis" in services and not processes.until(lambda: redis_responds(settings), REDIS_SECONDS):
        raise Ended("The embedded Redis isn't responding. See its output above.")
    if not processes.run_to_completion("migrate"):
        raise Ended("The database migration failed. See migrate's output above.")
    processes.start(*sorted(others))
    if "mini" in services and not processes.until(lambda: model_is_loaded(settings), READY_SECONDS):
        raise Ended("The local model didn't load. See mini's output above.")
    if not processes.until(lambda: readiness(settings)[0] == 200, READY_SECONDS):
        status, text = readiness(settings)
        raise Ended(
            f"Mevichat wasn't ready after {READY_SECONDS} seconds. /readyz returned {status}: {text}"
        )


def stop(processes: Processes) -> None:
    """Stops the product, then the services it depends on. A second signal cuts the first wait short."""
    names = processes.started()
    processes.stop(names - SERVICES, STOP_SECONDS, max_signals=1)
    processes.stop(names & SERVICES, SERVICES_STOP_SECONDS, max_signals=2)


def embedded_services(settings: Settings) -> set[str]:
    """The embedded services to run, for those whose URL isn't set."""
    redis = set() if settings.redis_url.get_secret_value() else {"redis"}
    mini = set() if settings.mini_base_url else {"mini"}
    return redis | mini


def lock_data_dir(settings: Settings) -> IO[str]:
    """Locks DATA_DIR until the returned file is closed; exits if another process holds the lock."""
    lock = (settings.data_dir / "run.lock").open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        sys.exit(
            f"Mevichat is already running on this data ({lock.read().strip()}). Stop it first, "
            "or use another folder and ports: DATA_DIR=/path/to/data PORT=8001 MINI_PORT=8091 bin/run"
        )
    lock.truncate(0)
    print(f"process {os.getpid()}, {settings.address}", file=lock, flush=True)
    return lock


def check_port(host: str, port: int, variable: str) -> None:
    """Exits if the port isn't free, with a clearer message than the server's own."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        if error.errno in (errno.EADDRINUSE, errno.EACCES):
            fix = f"Stop the program that uses it, or choose another: {variable}={port + 1} bin/run"
        else:
            fix = "HOST has to be an address of this machine: 127.0.0.1, or 0.0.0.0 for all"
        sys.exit(f"Can't use port {port} on {host} ({error.strerror}). {fix}")


def redis_responds(settings: Settings) -> bool:
    """Whether the embedded Redis responds. Its password doesn't exist before its first start."""
    try:
        with Redis.from_url(settings.redis_address, socket_timeout=1) as redis:
            return bool(redis.ping())
    except (SettingsError, RedisError, OSError):
        return False


def model_is_loaded(settings: Settings) -> bool:
    """Whether the local model is ready for requests."""
    return http_get("127.0.0.1", settings.mini_port, "/health")[0] == 200


def readiness(settings: Settings) -> tuple[int, str]:
    """The status and text of /readyz."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104  (binds nothing)
    return http_get(host, settings.port, "/readyz")


def http_get(host: str, port: int, path: str) -> tuple[int, str]:
    """Status and text of a GET on this machine; status 0 while nothing is listening."""
    connection = http.client.HTTPConnection(host, port, timeout=2)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read(500).decode(errors="replace")
    except (OSError, http.client.HTTPException):
        return 0, "no response"
    finally:
        connection.close()


def welcome(settings: Settings) -> str:
    return (
        f"\nMevichat is ready: {settings.address}\n"
        "  First time? Sign up there, or create the first account here: bin/flask people create EMAIL\n"
        "  To try a bot on a website, open its demo page from the bot’s page in the console.\n"
        "  Press Ctrl-C to stop.\n"
    )


if __name__ == "__main__":
    main()
