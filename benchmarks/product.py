"""The product and a provider of known slowness as processes on loopback, for a measurement."""

import os
import socket
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
KEY = "sk-ant-api03-" + "benchmark" * 10
READY_SECONDS = 120


@dataclass(frozen=True)
class Product:
    """Where it is, and how to give its operator's commands."""

    url: str
    environ: dict[str, str]

    def flask(self, *arguments: str, secret: str = "") -> str:
        done = subprocess.run(
            [ROOT / "bin" / "flask", *arguments],
            input=secret + "\n",
            env=self.environ,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()


@contextmanager
def provider(first_byte_ms: float, chunks: int, chunk_delay_ms: float = 0) -> Iterator[str]:
    """The loopback provider of the tests, silent for `first_byte_ms` before each answer."""
    arguments = ["--first-byte-ms", str(first_byte_ms), "--chunks", str(chunks)]
    arguments += ["--chunk-delay-ms", str(chunk_delay_ms)]
    command = [ROOT / ".venv/bin/python", "-m", "tests.providers", *arguments]
    running = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert running.stdout
        yield running.stdout.readline().strip()
    finally:
        running.terminate()
        running.wait(20)


@contextmanager
def product(**settings: str) -> Iterator[Product]:
    """`bin/run` on an empty DATA_DIR, with its own ports."""
    with tempfile.TemporaryDirectory() as folder, (Path(folder) / "log").open("wb") as log:
        port = str(free_port())
        environ = os.environ | {"DATA_DIR": f"{folder}/data", "PORT": port, "LOG_LEVEL": "warning"}
        environ |= settings
        running = subprocess.Popen([ROOT / "bin" / "run"], env=environ, stdout=log, stderr=log)
        try:
            _wait(f"http://127.0.0.1:{port}/readyz")
            yield Product(f"http://127.0.0.1:{port}", environ)
        finally:
            running.terminate()
            running.wait(60)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(url: str) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=2):  # noqa: S310
                return
        except OSError:
            time.sleep(0.2)
    raise TimeoutError(f"{url} did not answer")
