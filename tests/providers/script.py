"""Which reply a request gets: what a test scripted, in one place, behind one lock."""

import threading
from collections import deque
from collections.abc import Callable, Iterator

from .calls import Call
from .reply import Reply

Matcher = str | Callable[[Call], bool]
"""A key, or a question about the call."""


class Script:
    """The replies a test asked for: `next`, then `when` with the newest first, then `always`."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._next: deque[Reply] = deque()
        self._when: list[tuple[Matcher, Reply]] = []
        self._always: Reply | None = None

    def add_next(self, reply: Reply, times: int) -> None:
        """For the next chat requests, in order."""
        with self._lock:
            self._next.extend([reply] * times)

    def add_when(self, matcher: Matcher, reply: Reply) -> None:
        """For every request that matches."""
        with self._lock:
            self._when.insert(0, (matcher, reply))

    def set_always(self, reply: Reply) -> None:
        """For every request that nothing else is left for."""
        with self._lock:
            self._always = reply

    def clear(self) -> None:
        """Forgets everything."""
        with self._lock:
            self._next.clear()
            self._when.clear()
            self._always = None

    @property
    def left(self) -> int:
        """How many replies of `next` nobody has asked for yet."""
        with self._lock:
            return len(self._next)

    def take(self, call: Call, in_order: bool) -> Reply | None:
        """The first reply meant for this call; answers are for what asks for one, `in_order`."""
        with self._lock:
            for reply in self._candidates(call):
                if not reply.is_answer or ((call.is_chat or call.is_embedding) and in_order):
                    return self._used(reply)
            return None

    def _candidates(self, call: Call) -> Iterator[Reply]:
        if self._next and call.is_chat:
            yield self._next[0]
        yield from (reply for matcher, reply in self._when if _matches(matcher, call))
        if self._always:
            yield self._always

    def _used(self, reply: Reply) -> Reply:
        if self._next and self._next[0] is reply:
            self._next.popleft()
        return reply


def _matches(matcher: Matcher, call: Call) -> bool:
    return call.key == matcher if isinstance(matcher, str) else matcher(call)
