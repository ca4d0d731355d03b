"""One thread a process for repeated work: started once, again in a forked child, not ended by an error."""

import os
import threading

import pytest

from core.background import BackgroundThread
from tests.threads import at_once

SOON = 5.0


def threads_named(name: str) -> int:
    return sum(thread.name == name for thread in threading.enumerate())


@pytest.fixture
def repeating():
    """Makes threads that are stopped after the test."""
    made = []

    def make(name, act, every_seconds=0.01):
        made.append(BackgroundThread(name, act, every_seconds))
        return made[-1]

    yield make
    for thread in made:
        thread.stop()


def test_of_eight_starts_one_makes_the_thread_and_it_repeats(app, repeating):
    rounds, third = [], threading.Event()

    def act(word: str) -> None:
        rounds.append(word)
        if len(rounds) == 3:
            third.set()

    thread = repeating("repeats", act)
    assert threads_named("repeats") == 0
    at_once(8, lambda _: thread.start("hello"))
    assert third.wait(SOON) and set(rounds) == {"hello"}
    assert threads_named("repeats") == 1


def test_it_stops_and_starts_anew(repeating):
    rounds = threading.Semaphore(0)
    thread = repeating("stops", rounds.release)
    thread.start()
    assert rounds.acquire(timeout=SOON)
    running = next(one for one in threading.enumerate() if one.name == "stops")
    thread.stop()
    running.join(SOON)
    assert threads_named("stops") == 0
    while rounds.acquire(blocking=False):
        pass
    thread.start()
    assert rounds.acquire(timeout=SOON)


def test_an_error_is_logged_and_the_next_round_comes(logged, repeating):
    failed, again = threading.Event(), threading.Event()

    def act() -> None:
        if failed.is_set():
            again.set()
            return
        failed.set()
        raise ValueError("no such thing")

    repeating("fails", act).start()
    assert again.wait(SOON)
    assert "fails_missed" in logged()


def test_it_does_not_keep_its_process_alive(repeating):
    repeating("daemon", lambda: None, every_seconds=60).start()
    assert [one.daemon for one in threading.enumerate() if one.name == "daemon"] == [True]


def test_a_forked_child_starts_its_own(repeating):
    reads, writes = os.pipe()
    thread = repeating("forked", lambda: os.write(writes, b"%d " % os.getpid()))
    thread.start()
    child = os.fork()
    if not child:
        try:
            thread.start()
            threading.Event().wait(0.5)
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    written = os.read(reads, 1_000_000).decode().split()
    assert {str(os.getpid()), str(child)} == set(written)
