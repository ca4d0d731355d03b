"""Runs the product: which processes, in which order, when it counts as ready, and how it ends.

`bin/run` becomes this. Every way in which it cannot go on is one sentence that says what to do.
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

SERVICES = {"redis", "mini"}  # what the others lean on: started first, stopped last
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
    with the_only_one(settings):
        services = wanted_services(settings)
        check_port(settings.host, settings.port, "PORT")
        if "mini" in services:
            check_port("127.0.0.1", settings.mini_port, "MINI_PORT")
        sys.exit(run(settings, services))


def run(settings: Settings, services: set[str]) -> str | None:
    """Until everything ended; returns why, or None if somebody asked for it."""
    procfile = parse_procfile(Path("Procfile").read_text()).processes
    processes = Processes({**procfile, "migrate": MIGRATE})
    try:
        start(processes, settings, services, set(procfile) - SERVICES)
        print(welcome(settings), flush=True)
        processes.until(lambda: False)
    except Ended as why:
        if str(why):
            return f"\n{why}"
        print("Stopping once all answers are written. Ctrl-C again stops at once.", flush=True)
    finally:
        stop(processes)
    return None


def start(processes: Processes, settings: Settings, services: set[str], others: set[str]) -> None:
    """The services, then the database's migrations, then the product; raises Ended if it fails."""
    processes.start(*sorted(services, reverse=True))
    if "redis" in services and not processes.until(lambda: answers(settings), REDIS_SECONDS):
        raise Ended("The embedded Redis does not answer; its lines above say why.")
    if not processes.run_to_its_end("migrate"):
        raise Ended("The database was not brought up to date; migrate's lines above say why.")
    processes.start(*sorted(others))
    if "mini" in services and not processes.until(lambda: loaded(settings), READY_SECONDS):
        raise Ended("The local model did not load; mini's lines above say why.")
    if not processes.until(lambda: readiness(settings)[0] == 200, READY_SECONDS):
        status, text = readiness(settings)
        raise Ended(f"It did not get ready in {READY_SECONDS} s: /readyz says {status} {text}")


def stop(processes: Processes) -> None:
    """First what works for people, then what it leans on. A second signal ends the first wait."""
    names = processes.started()
    processes.stop(names - SERVICES, STOP_SECONDS, patience=1)
    processes.stop(names & SERVICES, SERVICES_STOP_SECONDS, patience=2)


def wanted_services(settings: Settings) -> set[str]:
    """The stand-ins for what the operator did not set."""
    redis = set() if settings.redis_url.get_secret_value() else {"redis"}
    mini = set() if settings.mini_base_url else {"mini"}
    return redis | mini


def the_only_one(settings: Settings) -> IO[str]:
    """The lock on DATA_DIR, held while this file is open; ends with a sentence if it is taken."""
    lock = (settings.data_dir / "run.lock").open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        sys.exit(
            f"Mevichat already runs on this data ({lock.read().strip()}). Stop it first, "
            "or give this one its own: DATA_DIR=/path/to/data PORT=8001 MINI_PORT=8091 bin/run"
        )
    lock.truncate(0)
    print(f"process {os.getpid()}, {settings.address}", file=lock, flush=True)
    return lock


def check_port(host: str, port: int, variable: str) -> None:
    """Ends with a sentence if the port is not free: clearer than what the server would say."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        if error.errno in (errno.EADDRINUSE, errno.EACCES):
            mend = f"Stop what uses it, or choose another: {variable}={port + 1} bin/run"
        else:
            mend = "HOST has to be an address of this machine: 127.0.0.1, or 0.0.0.0 for all"
        sys.exit(f"Port {port} on {host} cannot be used ({error.strerror}). {mend}")


def answers(settings: Settings) -> bool:
    """Whether the embedded Redis is there (its password, too, is made at its first start)."""
    try:
        with Redis.from_url(settings.redis_address, socket_timeout=1) as redis:
            return bool(redis.ping())
    except (SettingsError, RedisError, OSError):
        return False


def loaded(settings: Settings) -> bool:
    """Whether the local model is there to be asked."""
    return asked("127.0.0.1", settings.mini_port, "/health")[0] == 200


def readiness(settings: Settings) -> tuple[int, str]:
    """The status of /readyz and what it says."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104  (binds nothing)
    return asked(host, settings.port, "/readyz")


def asked(host: str, port: int, path: str) -> tuple[int, str]:
    """What a server here answers to a GET; status 0 while nothing listens."""
    connection = http.client.HTTPConnection(host, port, timeout=2)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read(500).decode(errors="replace")
    except (OSError, http.client.HTTPException):
        return 0, "nothing"
    finally:
        connection.close()


def welcome(settings: Settings) -> str:
    return (
        f"\nMevichat is ready: {settings.address}\n"
        "  First time? Sign up there, or make the first owner here: bin/flask people create EMAIL\n"
        "  Each bot can be seen in a made-up shop: See it on a page, on the bot’s own page.\n"
        "  Ctrl-C stops it.\n"
    )


if __name__ == "__main__":
    main()
