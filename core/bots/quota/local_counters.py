"""Rate limit counters in this process's memory, used while Redis is down."""

import threading
from collections import OrderedDict
from collections.abc import Sequence

MOST_KEPT = 20_000


class LocalCounters:
    """Counts like the Redis script: all counters or none. The oldest are dropped to bound memory."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: OrderedDict[str, int] = OrderedDict()

    def take(self, keys: Sequence[str], most: Sequence[int], once: str = "") -> list[int]:
        """The indexes of the counters that are full. If none is, or `once` was counted already, []."""
        with self._lock:
            if once and once in self._counts:
                return []
            limits = zip(keys, most, strict=True)
            over = [
                index
                for index, (key, limit) in enumerate(limits)
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
