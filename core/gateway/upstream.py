"""One try with one key: the request goes out, and either an answer begins or a failure is known.

An answer has begun once its first event or part is there: an error that comes instead of it is a
failure like any other, and the next key can be tried. After it, nothing is tried again.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any

from core import clock
from core.gateway import calls, stream_guard
from core.gateway.calls import Call
from core.gateway.routing import Candidate
from core.gateway.stream_guard import Watch
from core.http import Exchange, HttpError, Timeouts
from core.providers import endpoints, failures, formats
from core.providers.auth import outgoing
from core.providers.documents import Malformed, parse_object
from core.providers.failures import Failure
from core.providers.formats import eventstream
from core.providers.formats.request import Asked
from core.providers.formats.response import Begin, Failed, Part, Stop
from core.providers.formats.response import Usage as UsagePart
from core.providers.scrub import scrub
from core.providers.wire import Usage

_NO_CHOICE = re.compile(rb'"choices"\s*:\s*\[\s*\]')
MAX_ANSWER_BYTES = 32 << 20
MAX_ERROR_BYTES = 64 << 10
LONGEST_PRELUDE_SECONDS = 2.0
"""How long the announcement of an answer is kept back for its beginning: until then another may answer."""
LONGEST_SECONDS = 900.0
"""Programs wait for long answers; the SDKs' own patience is 600 s between two bytes."""


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
    usage: Usage = Usage()
    failure: Failure | None = None
    told: bool = False
    """Whether the failure stands in the stream already, in the caller's own format."""
    bytes_out: int = 0
    is_whole: bool = False
    """Whether all of it is there already."""


def body_for(candidate: Candidate, call: Call, asked: Asked | None) -> bytes:
    """What is sent. Raises `Invalid` for what the provider's format has no word for."""
    model = candidate.offer.upstream_model
    if asked is None and _is_counted(candidate, call):
        return calls.body_with_usage(call, model)
    if asked is None:
        return calls.body_for(call, model)
    return json.dumps(formats.FORMATS[candidate.route].write_request(asked, model)).encode()


def _is_counted(candidate: Candidate, call: Call) -> bool:
    """What is taken from the balance is counted, not guessed: then a stream has to tell its tokens."""
    return candidate.is_billed and calls.is_silent(call)


def ask(
    candidate: Candidate,
    call: Call,
    asked: Asked | None,
    body: bytes,
    secret: str,
    request_id: str,
) -> Answer | Refused:
    """Sends the body to the candidate's provider. Never raises for what the provider does."""
    exchange = Exchange(_timeouts())
    try:
        refused = _send(exchange, candidate, call, asked is None, body, secret)
        answer = refused or _begun(exchange, candidate, call, asked, secret, request_id)
    except HttpError as error:
        answer = Refused(failures.from_http(error))
    except Malformed:
        answer = Refused(failures.malformed())
    if isinstance(answer, Refused):
        exchange.close()
    return answer


def _timeouts() -> Timeouts:
    chosen = endpoints.timeouts()
    return replace(chosen, total_seconds=max(chosen.total_seconds, LONGEST_SECONDS))


def _send(
    exchange: Exchange,
    candidate: Candidate,
    call: Call,
    same_format: bool,
    body: bytes,
    secret: str,
) -> Refused | None:
    """Sends it; what its status says against it, if it does. Raises `HttpError`."""
    model = candidate.offer.upstream_model
    endpoint = endpoints.endpoint(candidate.provider)
    out = outgoing.prepared(endpoint, candidate.route, model, secret, body, stream=call.stream)
    passed = dict(call.headers) if same_format else {}
    url = f"{out.url}?beta=true" if call.beta and same_format else out.url
    exchange.send("POST", url, {"user-agent": "mevichat"} | out.headers | passed, body)
    if 200 <= exchange.status < 300:
        return None
    return _refusal(exchange, candidate.provider, secret)


def _refusal(exchange: Exchange, provider: str, secret: str) -> Refused:
    try:
        body = exchange.head(MAX_ERROR_BYTES)
    except HttpError:
        body = b""
    failure = failures.classify(provider, exchange.status, exchange.headers, body, secret)
    told = scrub(body.decode("utf-8", "replace"), secret).encode()
    return Refused(failure, exchange.status, exchange.headers, told)


def _begun(
    exchange: Exchange,
    candidate: Candidate,
    call: Call,
    asked: Asked | None,
    secret: str,
    request_id: str,
) -> Answer | Refused:
    answer = Answer(exchange, exchange.headers, iter(()))
    if asked is None:
        if call.stream and "json" not in exchange.headers.get("content-type", ""):
            return _passed_stream(answer, candidate, call, secret)
        return _passed_whole(answer, candidate, secret)
    if call.stream:
        return _translated_stream(answer, candidate, call, asked, secret, request_id)
    return _translated_whole(answer, candidate, call, secret, request_id)


def _passed_whole(answer: Answer, candidate: Candidate, secret: str) -> Answer | Refused:
    body = answer.exchange.read(MAX_ANSWER_BYTES)
    document = parse_object(body)
    if failure := failures.inside(candidate.provider, document, secret):
        return Refused(failure)
    answer.usage = stream_guard.usage_in(candidate.route, document)
    answer.bytes_out, answer.buffers, answer.is_whole = len(body), iter((body,)), True
    return answer


def _passed_stream(
    answer: Answer, candidate: Candidate, call: Call, secret: str
) -> Answer | Refused:
    """Byte for byte, watched as it goes by."""
    watch = Watch(candidate.route, candidate.provider, secret)
    buffers = answer.exchange.buffers()
    first, until = bytearray(), clock.monotonic() + LONGEST_PRELUDE_SECONDS
    for buffer in buffers:
        if not watch.feed(buffer) or watch.failed_inside:
            return Refused(watch.failed_inside or failures.malformed())
        first += buffer
        if watch.began or clock.monotonic() > until:
            break
    else:
        if watch.failure:
            return Refused(watch.failure)
    passed = _watched(answer, watch, first, buffers)
    answer.buffers = map(_without_usage, passed) if _is_counted(candidate, call) else passed
    return answer


def _without_usage(events: bytes) -> bytes:
    """Leaves out the event that the program did not ask for: it has no choice in it."""
    told = events.split(b"\n\n")
    return b"\n\n".join(one for one in told if not _NO_CHOICE.search(one))


def _watched(
    answer: Answer, watch: Watch, first: bytearray, rest: Iterator[bytes]
) -> Iterator[bytes]:
    """Whole events only: what is to be said after one that broke off must not stand inside it."""
    held, broken = first, None
    try:
        for buffer in chain((b"",), rest):
            if buffer and not watch.feed(buffer):
                break
            held += buffer
            if cut := _end_of_events(held):
                yield bytes(held[:cut])
                del held[:cut]
        if held and not watch.failure:
            yield bytes(held)
    except HttpError as error:
        broken = failures.from_http(error)
    finally:
        answer.usage, answer.bytes_out = watch.usage, watch.bytes_seen
        answer.failure = watch.failure and (watch.failed_inside or broken or watch.failure)
        answer.told = watch.failed_inside is not None and watch.readable


def _end_of_events(held: bytearray) -> int:
    """How much of it is whole events: up to behind the last blank line."""
    ends = [held.rfind(mark) + len(mark) for mark in (b"\n\n", b"\r\n\r\n") if mark in held]
    return max(ends, default=0)


def _translated_whole(
    answer: Answer, candidate: Candidate, call: Call, secret: str, request_id: str
) -> Answer | Refused:
    document = parse_object(answer.exchange.read(MAX_ANSWER_BYTES))
    if failure := failures.inside(candidate.provider, document, secret):
        return Refused(failure)
    read = formats.FORMATS[candidate.route].read_answer(document)
    answer.usage = Usage(read.usage.tokens_in, read.usage.tokens_out)
    body = json.dumps(
        formats.FORMATS[call.route].write_answer(read, call.model, request_id)
    ).encode()
    answer.bytes_out, answer.buffers, answer.is_whole = len(body), iter((body,)), True
    return answer


def _translated_stream(
    answer: Answer, candidate: Candidate, call: Call, asked: Asked, secret: str, request_id: str
) -> Answer | Refused:
    if "json" in answer.headers.get("content-type", ""):
        document = parse_object(answer.exchange.read(MAX_ANSWER_BYTES))
        told = failures.inside(candidate.provider, document, secret)
        return Refused(told or failures.malformed())
    source: Any = answer.exchange.buffers()
    if candidate.route == "converse":
        source = eventstream.events(source)
    parts = formats.FORMATS[candidate.route].read_stream(source, candidate.provider, secret)
    first: list[Part] = []
    for part in parts:
        if isinstance(part, Failed):
            return Refused(part.failure)
        first.append(part)
        if not isinstance(part, Begin):
            break
    heard = _heard(answer, chain(first, parts))
    answer.buffers = formats.FORMATS[call.route].write_stream(heard, call.model, request_id, asked)
    answer.told = True
    return answer


def _heard(answer: Answer, parts: Iterator[Part]) -> Iterator[Part]:
    """The parts as they go by; what breaks them off becomes one of them."""
    answer.failure = failures.truncated()
    try:
        for part in parts:
            if isinstance(part, UsagePart):
                answer.usage = answer.usage.updated(Usage(part.tokens_in, part.tokens_out))
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
