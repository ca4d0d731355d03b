"""What comes of asking a provider: an answer that has begun, or a refusal.

An answer has begun once its first event or part is there: an error that comes instead of it is a
failure like any other, and the next key can be tried. After it, nothing is tried again.
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
    """What came in place of an answer. `body` is the provider's own, for a caller of its format."""

    failure: Failure
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass
class Answer:
    """One that has begun. `buffers` is read once; then `usage` and `failure` are known."""

    exchange: Exchange
    headers: dict[str, str]
    buffers: Iterator[bytes]
    usage: Usage = NO_USAGE
    failure: Failure | None = None
    shows_failure: bool = False
    """Whether the failure stands in the stream already, in the caller's own format."""
    bytes_out: int = 0
    is_whole: bool = False
    """Whether all of it is there already."""

    def hold_whole(self, body: bytes, usage: Usage) -> None:
        """All of it is `body`."""
        self.usage, self.bytes_out = usage, len(body)
        self.buffers, self.is_whole = iter((body,)), True


def without_usage(events: bytes) -> bytes:
    """Leaves out the event that the program did not ask for: it has no choice in it."""
    return b"\n\n".join(one for one in events.split(b"\n\n") if not _NO_CHOICE.search(one))


def guarded(
    answer: Answer, guard: StreamGuard, first: bytearray, rest: Iterator[bytes]
) -> Iterator[bytes]:
    """Whole events only: what is to be said after one that broke off must not stand inside it."""
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
    """How much of it is whole events: up to behind the last blank line."""
    ends = [held.rfind(mark) + len(mark) for mark in (b"\n\n", b"\r\n\r\n") if mark in held]
    return max(ends, default=0)


def observed(answer: Answer, parts: Iterator[Part]) -> Iterator[Part]:
    """The parts as they go by; what breaks them off becomes one of them."""
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
