"""The real product on loopback, as the Procfile starts it, on a folder that is swept for the marker."""

import sqlite3
import subprocess
from collections.abc import Iterable
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any, Self

import psutil
from honcho.environ import parse_procfile
from redis import Redis
from redis.exceptions import RedisError

from core import settings
from tests import marker
from tests.live.children import ROOT, Child, clean_environ, free_port, until

READY_SECONDS = 90
LLAMA_KEY = f"{marker.MARKER}-of-the-local-server-Zk94"
"""Of no provider's shape, so that a paste passes as Anthropic's and as OpenAI's."""
LINES = parse_procfile((ROOT / "Procfile").read_text()).processes


class LiveProduct:
    """The processes, their address, their database and Redis; running inside its `with`."""

    def __init__(self, folder: Path, names: Iterable[str], **variables: Any) -> None:
        """`names` are lines of the Procfile beside redis; `variables` are settings."""
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environ = clean_environ(
            data_dir=folder / "data",
            port=self.port,
            sign_in_limit="10000 per minute",
            client_stall_seconds=5,
            provider_connect_seconds=2,
            provider_first_byte_seconds=40,
            provider_stall_seconds=40,
            **variables,
        )
        self._names = tuple(names)
        self._running: dict[str, Child] = {}

    def __enter__(self) -> Self:
        try:
            self.start("redis")
            until(self._redis_answers, READY_SECONDS, "an answer of Redis")
            self.flask("db", "upgrade")
            self.start(*self._names)
            self.wait_until_ready()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        found = self.leaks()
        self.close()
        found += self.leaks_in_files()
        assert not found, f"a key is in {found}"

    def close(self) -> None:
        """Ends what works for people before what it leans on."""
        for name in sorted(self._running, key=lambda name: name == "redis"):
            self.stop(name)

    # Its processes

    def __getitem__(self, name: str) -> Child:
        return self._running[name]

    def start(self, *names: str) -> None:
        (self.folder / "logs").mkdir(parents=True, exist_ok=True)
        for name in names:
            log = self.folder / "logs" / f"{name}.log"
            self._running[name] = Child(LINES[name], self.environ, log)

    def stop(self, name: str) -> None:
        self._running.pop(name).stop()

    def wait_until_ready(self) -> None:
        until(self._is_ready, READY_SECONDS, "a 200 of /readyz")

    def web_process_of(self, client_port: int) -> psutil.Process:
        """The web process that holds the connection from that port of this machine."""
        for process in self["web"].family():
            held = process.net_connections(kind="tcp")
            if any(line.raddr and line.raddr.port == client_port for line in held):
                return process
        raise AssertionError(f"no web process holds the connection from port {client_port}")

    # Its operator, its database, its Redis

    def flask(self, *arguments: str, typed: str = "") -> str:
        """What the operator's command line prints; `typed` goes to its standard input."""
        done = self._flask(*arguments, typed=typed)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def flask_says(self, *arguments: str) -> str:
        """The same of a command that may find something wrong, and ends with another code then."""
        return self._flask(*arguments).stdout

    def _flask(self, *arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [ROOT / "bin" / "flask", *arguments],
            cwd=ROOT,
            env=self.environ,
            input=typed,
            capture_output=True,
            text=True,
            check=False,
            timeout=READY_SECONDS,
        )
        with (self.folder / "logs" / "flask.log").open("a") as log:
            log.write(done.stdout + done.stderr)
        return done

    def rows(self, query: str, *values: Any) -> list[sqlite3.Row]:
        """What the database answers, read past the product's own code."""
        connection = sqlite3.connect(f"file:{self.folder}/data/mevichat.db?mode=ro", uri=True)
        connection.row_factory = sqlite3.Row
        try:
            return connection.execute(query, values).fetchall()
        finally:
            connection.close()

    def message(self, message_id: str) -> sqlite3.Row:
        (row,) = self.rows("SELECT * FROM messages WHERE id = ?", message_id)
        return row

    @property
    def settings(self) -> settings.Settings:
        return settings.read(self.environ)

    @property
    def redis(self) -> Redis:
        return Redis.from_url(self.settings.redis_address)

    # What must not be there

    def leaks(self) -> list[str]:
        """Where the marker is, in Redis or in any file of the house, logs included."""
        return [f"Redis: {name}" for name in marker.in_redis(self.redis)] + self.leaks_in_files()

    def leaks_in_files(self) -> list[str]:
        return [str(path.relative_to(self.folder)) for path in marker.in_files(self.folder)]

    def _redis_answers(self) -> bool:
        try:
            return bool(self.redis.ping())
        except (RedisError, settings.SettingsError):
            return False

    def _is_ready(self) -> bool:
        for name, child in self._running.items():
            assert not child.ended, f"{name} ended:\n{child.said[-2000:]}"
        return status_of(self.port, "/readyz") == 200


class Llama:
    """llama.cpp's own server with the small model, asking for LLAMA_KEY: a real provider."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.anthropic_base_url = f"http://127.0.0.1:{self.port}"
        self.openai_base_url = f"{self.anthropic_base_url}/v1"

    def __enter__(self) -> Self:
        environ = clean_environ(
            data_dir=self.folder / "data", mini_port=self.port, mini_api_key=LLAMA_KEY
        )
        # Two threads of llama.cpp wait for one another in a busy loop: beside other tests, on two
        # cores, that is a word a second. One thread keeps its pace.
        self._child = Child(LINES["mini"], environ, self.folder / "mini.log")
        return self

    def wait_until_ready(self) -> None:
        until(lambda: status_of(self.port, "/health") == 200, READY_SECONDS, "the local model")

    def __exit__(self, *_: object) -> None:
        self._child.stop()
        assert not list(marker.in_files(self.folder)), "a key is in a file"


def status_of(port: int, path: str) -> int:
    """The status of a GET; 0 while nothing listens."""
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, HTTPException):
        return 0
    finally:
        connection.close()
