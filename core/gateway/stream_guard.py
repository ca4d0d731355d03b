"""Checks a stream that passes through unchanged: whether it is complete, its errors and its usage.

Both official SDKs treat a stream that broke off as complete. So the guard requires the end marker,
and reports an error inside the stream or an unknown stop reason as a failure.
"""

from core.providers import failures
from core.providers.documents import Malformed, parse_answer
from core.providers.failures import Failure
from core.providers.formats import FORMATS, sse
from core.providers.formats.endings import failure_of
from core.providers.formats.response import NO_USAGE, Format
from core.providers.formats.streams import DONE, failure_in


def format_of(route: str) -> Format:
    """The format whose readers know a route's answers: embeddings and completions are like chats."""
    return FORMATS.get(route, FORMATS["chat"])


class StreamGuard:
    """Checks one stream. After its end, `failure` is None only if the answer is complete."""

    def __init__(self, route: str, provider: str, secret: str) -> None:
        self._format, self._provider, self._secret = format_of(route), provider, secret
        self._parser = sse.Parser()
        self._is_whole = False
        self.failure_inside: Failure | None = None
        """The error that the provider reported in the stream, or sent as unreadable data."""
        self.usage = NO_USAGE
        self.is_readable = True
        self.has_content = False
        """Whether any of the answer itself arrived, not just its prelude."""
        self.bytes_seen = 0

    def feed(self, buffer: bytes) -> bool:
        """Inspects a buffer. False if it must not be passed on: unreadable, or an unknown stop reason."""
        self.bytes_seen += len(buffer)
        try:
            for event in self._parser.feed(buffer):
                self._inspect(event.data)
        except Malformed as error:
            failure = failure_of(error, self._provider, self._secret)
            self.failure_inside = self.failure_inside or failure
            self.is_readable = False
        return self.is_readable

    def _inspect(self, data: str) -> None:
        if data == DONE:
            return
        event, format = parse_answer(data), self._format
        if failure := failure_in(event, self._provider, self._secret):
            self.failure_inside = self.failure_inside or failure
        self.has_content = self.has_content or not format.is_prelude(event)
        self.usage = format.read_usage(event, self.usage)
        format.read_stop(event)
        self._is_whole = self._is_whole or format.is_end(event)

    @property
    def failure(self) -> Failure | None:
        """The failure so far; a stream without its end marker is truncated."""
        return self.failure_inside or (None if self._is_whole else failures.truncated())
