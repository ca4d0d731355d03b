"""A process supervisor: starts child processes, prints their output and stops them all.

Single-threaded: each iteration of the loop prints new lines and checks for exits and signals. Colors
and line format are honcho's. Its Manager isn't used: it kills after five seconds, has no shutdown
order, and considers a process alive while a grandchild holds its output.
"""

import ctypes
import os
import selectors
import signal
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from honcho.colour import get_colours
from honcho.printer import Message, Printer
from honcho.process import Popen

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
POLL_SECONDS = 0.1
CHECK_SECONDS = 0.2
PARENT_DEATH_SIGNAL = 1  # Linux: prctl(PR_SET_PDEATHSIG, …)

_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


class Ended(Exception):
    """Raised to stop everything. The message says why; empty if the operator asked for it."""


class Process:
    """One command, running in its own session."""

    def __init__(self, name: str, command: str, color: str) -> None:
        self.name, self.color = name, color
        environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
        self.child = Popen(command, env=environment, preexec_fn=_die_with_parent)
        self.output = self.child.stdout
        os.set_blocking(self.output.fileno(), False)
        self._rest = b""
        self.has_output = True
        self.may_exit = False

    @property
    def ended(self) -> bool:
        return self.child.poll() is not None

    @property
    def exit_reason(self) -> str:
        code = self.child.returncode
        return signal.Signals(-code).name if code < 0 else f"exit code {code}"

    def lines(self) -> list[bytes]:
        """The complete lines written since the last call."""
        chunk = self.output.read()
        self.has_output = chunk != b""
        self._rest += chunk or b""
        *lines, self._rest = self._rest.split(b"\n")
        return lines

    def send_signal(self, signum: int) -> None:
        _send(os.killpg, self.child.pid, signum)

    def kill(self) -> None:
        """Kills its whole session: an RQ job has its own process group and would outlive its worker."""
        self.send_signal(signal.SIGKILL)
        for pid in _session_pids(self.child.pid):
            _send(os.kill, pid, signal.SIGKILL)
        self.child.wait()


class Processes:
    """The running processes, by name."""

    def __init__(self, commands: dict[str, str]) -> None:
        self.commands = commands
        self.signals_seen = 0
        self._started: dict[str, Process] = {}
        self._colors = get_colours()
        self._printer = Printer(sys.stdout, width=max(map(len, commands)))
        for signum in SIGNALS:
            signal.signal(signum, self._count_signal)

    def start(self, *names: str) -> None:
        for name in names:
            self._started[name] = Process(name, self.commands[name], next(self._colors))

    def until(self, done: Callable[[], bool], seconds: float = float("inf")) -> bool:
        """Runs the loop until `done()` is true; False after `seconds`.

        Raises Ended on a signal, or if a process exits unexpectedly.
        """
        deadline, next_check = time.monotonic() + seconds, 0.0
        while time.monotonic() < deadline:
            if time.monotonic() >= next_check:
                if done():
                    return True
                next_check = time.monotonic() + CHECK_SECONDS
            self._poll()
            if self.signals_seen:
                raise Ended
            for process in self._started.values():
                if process.ended and not process.may_exit:
                    raise Ended(self._exit_message(process))
        return False

    def run_to_completion(self, name: str) -> bool:
        """Runs a process that is expected to exit; returns whether it succeeded."""
        self.start(name)
        process = self._started[name]
        process.may_exit = True
        self.until(lambda: process.ended)
        self._show(process)
        del self._started[name]
        return process.child.returncode == 0

    def stop(self, names: set[str], seconds: float, max_signals: int) -> None:
        """Sends SIGTERM, waits, then kills. More than `max_signals` signals cut the wait short."""
        processes = [process for name, process in self._started.items() if name in names]
        deadline = time.monotonic() + seconds
        for process in processes:
            process.send_signal(signal.SIGTERM)
        while not all(process.ended for process in processes):
            if time.monotonic() > deadline or self.signals_seen > max_signals:
                break
            self._poll()
        for process in processes:
            process.kill()
            self._show(process)

    def started(self) -> set[str]:
        return set(self._started)

    def _count_signal(self, *_: Any) -> None:
        self.signals_seen += 1

    def _exit_message(self, process: Process) -> str:
        self._show(process)
        reason = process.exit_reason
        return f"{process.name} exited ({reason}), so everything was stopped. See its output above."

    def _poll(self) -> None:
        with selectors.DefaultSelector() as waiting:
            for process in self._started.values():
                if process.has_output and not process.ended:
                    waiting.register(process.output, selectors.EVENT_READ, process)
            for key, _ in waiting.select(POLL_SECONDS):
                self._show(key.data)

    def _show(self, process: Process) -> None:
        for line in process.lines():
            message = Message("line", line, datetime.now(), process.name, process.color)
            self._printer.write(message)


def _die_with_parent() -> None:
    """In the child: the kernel sends SIGTERM if this program dies."""
    if _libc is not None:
        _libc.prctl(PARENT_DEATH_SIGNAL, signal.SIGTERM)


def _session_pids(leader: int) -> list[int]:
    """The ids of all processes in that session."""
    pids = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if os.getsid(int(entry.name)) == leader:
                pids.append(int(entry.name))
        except ProcessLookupError:
            continue
    return pids


def _send(function: Callable[[int, int], None], pid: int, signum: int) -> None:
    try:
        function(pid, signum)
    except ProcessLookupError:
        return
