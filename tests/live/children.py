"""Processes on loopback: started with a clean environment and a log, ended by their ids or killed."""

import ctypes
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import psutil

if TYPE_CHECKING:
    from tests.live.product import LiveProduct

ROOT = Path(__file__).parents[2]
STOP_SECONDS = 20
REFRESH_SECONDS = 0.05
PORTS = range(20_000, 32_000)  # below those that the system gives to outgoing connections
Found = TypeVar("Found")
_END_WITH_PARENT = 1  # Linux: prctl(PR_SET_PDEATHSIG, …)
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def until(condition: Callable[[], Found], seconds: float, what: str) -> Found:
    """The first true value that `condition` returns; fails, naming what was waited for, when time is up."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
        time.sleep(REFRESH_SECONDS)
    return found


def free_port() -> int:
    """A port that stays free until it is used: no outgoing connection can take it meanwhile."""
    return next(port for port in random.sample(PORTS, 100) if _is_free(port))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def clean_environ(**variables: Any) -> dict[str, str]:
    """Nothing of this machine's settings: where programs are, where home is, and these."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    return kept | {name.upper(): str(value) for name, value in variables.items()}


def belonging_to(data_dir: Path) -> list[psutil.Process]:
    """Every process on this machine that was started with that DATA_DIR."""
    return [found for found in psutil.process_iter() if _data_dir(found) == str(data_dir)]


def _data_dir(process: psutil.Process) -> str:
    try:
        return process.environ().get("DATA_DIR", "")
    except psutil.Error:
        return ""


def _end_with_parent() -> None:
    """In the child: it ends when its parent does."""
    if _libc is not None:
        _libc.prctl(_END_WITH_PARENT, signal.SIGTERM)


class Child:
    """One line of shell as a process in a session of its own; all it says is in its log."""

    def __init__(self, line: str, environ: dict[str, str], log: Path):
        self.log = log
        with log.open("ab") as file:
            self._popen = subprocess.Popen(
                ["/bin/sh", "-c", line],
                cwd=ROOT,
                env=environ | {"PYTHONUNBUFFERED": "1"},
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_end_with_parent,  # noqa: PLW1509  (it takes no lock)
            )

    @property
    def pid(self) -> int:
        return self._popen.pid

    @property
    def ended(self) -> bool:
        return self._popen.poll() is not None

    @property
    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def family(self) -> list[psutil.Process]:
        """The children that it started, and theirs."""
        try:
            return psutil.Process(self.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []

    def tell(self, number: int) -> None:
        """A signal, to this process alone."""
        self._popen.send_signal(number)

    def tell_group(self, number: int) -> None:
        """A signal to its whole group, as Ctrl-C in a terminal sends it."""
        os.killpg(self.pid, number)

    def wait(self, seconds: float = STOP_SECONDS) -> int:
        """Its exit code, once it has ended by itself; fails if that takes longer."""
        until(lambda: self.ended, seconds, f"the end of {self.log.stem}")
        return self._popen.returncode

    def stop(self) -> None:
        """Asks it to end, then ends it and what it started."""
        family = self.family()
        self.tell(signal.SIGTERM)
        try:
            self._popen.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
        for left in family:
            if left.is_running():
                left.kill()

    def kill(self) -> None:
        self._popen.kill()
        self._popen.wait()


# How a worker of a house may die while it runs a job. Another is started, as whatever watches over it would.


def kill_job(product: "LiveProduct", worker: str) -> None:
    """The process of the job alone: its worker sees that."""
    os.kill(_job_of(product, worker).pid, signal.SIGKILL)


def kill_worker(product: "LiveProduct", worker: str) -> None:
    """Its job goes on alone."""
    job = _job_of(product, worker)
    product[worker].kill()
    assert job.is_running()
    product.start(worker)


def kill_worker_and_job(product: "LiveProduct", worker: str) -> None:
    job = _job_of(product, worker)
    product[worker].kill()
    os.kill(job.pid, signal.SIGKILL)
    product.start(worker)


def kill_redis(product: "LiveProduct", _worker: str) -> None:
    """What the worker takes its jobs from; away for a second."""
    product["redis"].kill()
    time.sleep(1)
    product.start("redis")


def _job_of(product: "LiveProduct", worker: str) -> psutil.Process:
    return until(product[worker].family, 10, "the process of the job")[0]
