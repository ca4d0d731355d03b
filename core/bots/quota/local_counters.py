"""Counters in this process's memory: what limits fall back on while Redis is away."""

import threading
from collections import OrderedDict
from collections.abc import Sequence

MOST_KEPT = 20_000


class LocalCounters:
    """As Redis would: all take one, or none. The oldest are forgotten, so that memory has a bound."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: OrderedDict[str, int] = OrderedDict()

    def take(self, keys: Sequence[str], most: Sequence[int], once: str = "") -> list[int]:
        """The places of the counters that are full; none if all have taken one, or `once` is known."""
        with self._lock:
            if once and once in self._counts:
                return []
            limits = zip(keys, most, strict=True)
            over = [
                place
                for place, (key, limit) in enumerate(limits)
                if self._counts.get(key, 0) >= limit
            ]
            if not over:
                self._add([*keys, once] if once else keys)
            return over

    def _add(self, keys: Sequence[str]) -> None:
        for key in keys:
            self._counts[key] = self._counts.pop(key, 0) + 1
        while len(self._counts) > MOST_KEPT:
            self._counts.popitem(last=False)
