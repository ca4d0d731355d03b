"""Many at once: what a race is made of."""

import threading
from collections.abc import Callable
from typing import Any

from core.db import work_context


def at_once(count: int, act: Callable[[int], Any]) -> list[Any]:
    """What `act(number)` gave, or the error it raised, in each of `count` threads that start together."""
    ready, outcomes = threading.Barrier(count), []

    def run(number: int) -> None:
        with work_context():
            ready.wait()
            try:
                outcomes.append(act(number))
            except Exception as error:
                outcomes.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes
