"""The result of one request to a provider: an answer that has begun, or a failure.

An answer has begun once its first event or part arrived. An error before that allows failover to the
next key; after it, nothing is retried.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain

from core.gateway.stream_guard import StreamGuard
from core.http import Exchange, HttpError
from core.providers import failures
from core.providers.documents import Malformed
from core.providers.failures import Failure
from core.providers.formats.response import NO_USAGE, Failed, Part, Stop, Usage

_NO_CHOICE = re.compile(rb'"choices"\s*:\s*\[\s*\]')


@dataclass
class Refused:
    """A failed request. `body` is the provider's own error body, for a client of the same format."""

    failure: Failure
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass
class Answer:
    """An answer that has begun. `usage` and `failure` are known once `buffers` was read, which works once."""

    exchange: Exchange
    headers: dict[str, str]
    buffers: Iterator[bytes]
    usage: Usage = NO_USAGE
    failure: Failure | None = None
    shows_failure: bool = False
    """Whether the stream already contains the failure in the client's format."""
    bytes_out: int = 0
    is_whole: bool = False
    """Whether the answer is complete in memory."""

    def hold_whole(self, body: bytes, usage: Usage) -> None:
        """Sets `body` as the complete answer."""
        self.usage, self.bytes_out = usage, len(body)
        self.buffers, self.is_whole = iter((body,)), True


def without_usage(events: bytes) -> bytes:
    """Removes the usage event that the client did not request: the one without choices."""
    return b"\n\n".join(one for one in events.split(b"\n\n") if not _NO_CHOICE.search(one))


def guarded(
    answer: Answer, guard: StreamGuard, first: bytearray, rest: Iterator[bytes]
) -> Iterator[bytes]:
    """Passes complete events only, so that an error event never lands inside a partial one."""
    held, broken = first, None
    try:
        for buffer in chain((b"",), rest):
            if buffer and not guard.feed(buffer):
                break
            held += buffer
            if cut := _end_of_events(held):
                yield bytes(held[:cut])
                del held[:cut]
        if held and not guard.failure:
            yield bytes(held)
    except HttpError as error:
        broken = failures.from_http(error)
    finally:
        answer.usage, answer.bytes_out = guard.usage, guard.bytes_seen
        answer.failure = guard.failure and (guard.failure_inside or broken or guard.failure)
        answer.shows_failure = guard.failure_inside is not None and guard.is_readable


def _end_of_events(held: bytearray) -> int:
    """The length of the complete events: up to and including the last blank line."""
    ends = [held.rfind(mark) + len(mark) for mark in (b"\n\n", b"\r\n\r\n") if mark in held]
    return max(ends, default=0)


def observed(answer: Answer, parts: Iterator[Part]) -> Iterator[Part]:
    """The parts, with the usage and the failure recorded; a broken connection becomes a `Failed`."""
    answer.failure, answer.shows_failure = failures.truncated(), True
    try:
        for part in parts:
            if isinstance(part, Usage):
                answer.usage = answer.usage.updated(part)
            elif isinstance(part, Stop):
                answer.failure = None
            elif isinstance(part, Failed):
                answer.failure = part.failure
            yield part
    except HttpError as error:
        answer.failure = failures.from_http(error)
        yield Failed(answer.failure)
    except Malformed:
        answer.failure = failures.malformed()
        yield Failed(answer.failure)
