"""Child processes: starting them, showing what they say, ending them so that none is left.

Knows nothing of what they do. One thread; a turn of the loop shows new lines and looks for ends
and signals. Colours and line format are honcho's. Its Manager is not used: it kills after five
seconds, knows no order, and takes a process for alive while a grandchild holds its output.
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
TURN_SECONDS = 0.1
LOOK_SECONDS = 0.2
END_WITH_PARENT = 1  # Linux: prctl(PR_SET_PDEATHSIG, …)

_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


class Ended(Exception):
    """Everything is to stop. Says why, or nothing if somebody asked for it."""


class Process:
    """One command, running in a session of its own."""

    def __init__(self, name: str, command: str, colour: str) -> None:
        self.name, self.colour = name, colour
        environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
        self.child = Popen(command, env=environment, preexec_fn=_end_with_parent)
        self.output = self.child.stdout
        os.set_blocking(self.output.fileno(), False)
        self._rest = b""
        self.may_speak = True
        self.may_end = False

    @property
    def ended(self) -> bool:
        return self.child.poll() is not None

    @property
    def how_it_ended(self) -> str:
        code = self.child.returncode
        return signal.Signals(-code).name if code < 0 else f"exit code {code}"

    def lines(self) -> list[bytes]:
        """The whole lines it wrote since the last call."""
        said = self.output.read()
        self.may_speak = said != b""
        self._rest += said or b""
        *whole, self._rest = self._rest.split(b"\n")
        return whole

    def tell(self, signum: int) -> None:
        _send(os.killpg, self.child.pid, signum)

    def kill(self) -> None:
        """Kills its whole session: a job of RQ has a group of its own and outlives its worker."""
        self.tell(signal.SIGKILL)
        for pid in _session(self.child.pid):
            _send(os.kill, pid, signal.SIGKILL)
        self.child.wait()


class Processes:
    """Those that were started, by name."""

    def __init__(self, commands: dict[str, str]) -> None:
        self.commands = commands
        self.signals_seen = 0
        self._started: dict[str, Process] = {}
        self._colours = get_colours()
        self._printer = Printer(sys.stdout, width=max(map(len, commands)))
        for signum in SIGNALS:
            signal.signal(signum, self._note)

    def start(self, *names: str) -> None:
        for name in names:
            self._started[name] = Process(name, self.commands[name], next(self._colours))

    def until(self, done: Callable[[], bool], seconds: float = float("inf")) -> bool:
        """Goes on until `done`, asked now and then; False if that takes too long.

        Raises Ended when somebody asks for the end, or a process ends by itself.
        """
        deadline, next_look = time.monotonic() + seconds, 0.0
        while time.monotonic() < deadline:
            if time.monotonic() >= next_look:
                if done():
                    return True
                next_look = time.monotonic() + LOOK_SECONDS
            self._turn()
            if self.signals_seen:
                raise Ended
            for process in self._started.values():
                if process.ended and not process.may_end:
                    raise Ended(self._obituary(process))
        return False

    def run_to_its_end(self, name: str) -> bool:
        """Runs one that is meant to end by itself; says whether it ended well."""
        self.start(name)
        process = self._started[name]
        process.may_end = True
        self.until(lambda: process.ended)
        self._show(process)
        del self._started[name]
        return process.child.returncode == 0

    def stop(self, names: set[str], seconds: float, patience: int) -> None:
        """Asks these to end, waits, then kills. More signals than `patience` end the waiting."""
        processes = [process for name, process in self._started.items() if name in names]
        deadline = time.monotonic() + seconds
        for process in processes:
            process.tell(signal.SIGTERM)
        while not all(process.ended for process in processes):
            if time.monotonic() > deadline or self.signals_seen > patience:
                break
            self._turn()
        for process in processes:
            process.kill()
            self._show(process)

    def started(self) -> set[str]:
        return set(self._started)

    def _note(self, *_: Any) -> None:
        self.signals_seen += 1

    def _obituary(self, process: Process) -> str:
        self._show(process)
        how = process.how_it_ended
        return f"{process.name} ended ({how}), so everything was stopped. Its lines above say why."

    def _turn(self) -> None:
        with selectors.DefaultSelector() as waiting:
            for process in self._started.values():
                if process.may_speak and not process.ended:
                    waiting.register(process.output, selectors.EVENT_READ, process)
            for key, _ in waiting.select(TURN_SECONDS):
                self._show(key.data)

    def _show(self, process: Process) -> None:
        for line in process.lines():
            said = Message("line", line, datetime.now(), process.name, process.colour)
            self._printer.write(said)


def _end_with_parent() -> None:
    """In the child: if this program is killed, the kernel asks the child to end."""
    if _libc is not None:
        _libc.prctl(END_WITH_PARENT, signal.SIGTERM)


def _session(leader: int) -> list[int]:
    """Every process of that session."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if os.getsid(int(entry.name)) == leader:
                found.append(int(entry.name))
        except ProcessLookupError:
            continue
    return found


def _send(function: Callable[[int, int], None], pid: int, signum: int) -> None:
    try:
        function(pid, signum)
    except ProcessLookupError:
        return
