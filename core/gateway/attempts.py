"""One attempt with one key: sends the request; either an answer begins or there is a failure."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import chain

from core import clock
from core.gateway import calls, error_replies, upstream
from core.gateway.calls import Call
from core.gateway.routing import Candidate
from core.gateway.stream_guard import StreamGuard, format_of
from core.gateway.upstream import Answer, Refused
from core.http import Exchange, HttpError, Timeouts
from core.providers import endpoints, failures
from core.providers.auth import outgoing
from core.providers.documents import Malformed, parse_answer
from core.providers.failures import Failure
from core.providers.formats import FORMATS, whole
from core.providers.formats.bounds import MAX_ANSWER_BYTES, MAX_ERROR_BYTES
from core.providers.formats.endings import failure_of
from core.providers.formats.request import ChatRequest
from core.providers.formats.response import Begin, Failed, Part
from core.providers.formats.streams import is_stream, parts_of
from core.providers.scrub import is_harmless_header, scrub

LONGEST_PRELUDE_SECONDS = 2.0
"""How long a stream's prelude is held back. Until then, failover to another key is possible."""
LONGEST_SECONDS = 900.0
"""Clients wait for long answers; the SDKs' own timeout is 600 s between two bytes."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One call for one candidate. `request` is None if the bytes pass through unchanged."""

    candidate: Candidate
    call: Call
    request: ChatRequest | None
    body: bytes
    secret: str = field(repr=False)
    request_id: str

    @property
    def same_format(self) -> bool:
        return self.request is None

    def send(self) -> Answer | Refused:
        """Sends the request to the candidate's provider. Errors of the provider are returned, not raised."""
        exchange = Exchange(_timeouts())
        try:
            answer = self._post(exchange) or self._begin(exchange)
        except (HttpError, Malformed) as error:
            answer = Refused(failure_of(error, self._provider, self.secret))
        if isinstance(answer, Refused):
            exchange.close()
        return answer

    @property
    def _provider(self) -> str:
        return self.candidate.provider

    def _post(self, exchange: Exchange) -> Refused | None:
        """Sends the request. Returns the failure if the status is not 2xx. Raises `HttpError`."""
        endpoint = endpoints.endpoint(self._provider)
        out = outgoing.prepared(
            endpoint,
            self.candidate.route,
            self.candidate.offer.upstream_model,
            self.secret,
            self.body,
            stream=self.call.stream,
        )
        passed = dict(self.call.headers) if self.same_format else {}
        url = f"{out.url}?beta=true" if self.call.beta and self.same_format else out.url
        exchange.send("POST", url, {"user-agent": "mevichat"} | out.headers | passed, self.body)
        return None if 200 <= exchange.status < 300 else self._refusal(exchange)

    def _refusal(self, exchange: Exchange) -> Refused:
        try:
            body = exchange.head(MAX_ERROR_BYTES)
        except HttpError:
            body = b""
        status, headers = exchange.status, exchange.headers
        failure = failures.classify(self._provider, status, headers, body, self.secret)
        scrubbed = scrub(body.decode("utf-8", "replace"), self.secret).encode()
        return Refused(failure, status, self._scrubbed(headers), scrubbed)

    def _scrubbed(self, headers: dict[str, str]) -> dict[str, str]:
        """The headers that clients may see, without any that could contain a key, and the content type."""
        passed = error_replies.passed_headers(headers)
        harmless = (name for name in passed if is_harmless_header(name, passed[name], self.secret))
        return {"content-type": headers.get("content-type", "")} | {
            name: passed[name] for name in harmless
        }

    def _begin(self, exchange: Exchange) -> Answer | Refused:
        """Raises `HttpError` and `Malformed`."""
        answer = Answer(exchange, self._scrubbed(exchange.headers), iter(()))
        if self.request is not None:
            return self._translate(answer, self.request)
        if self.call.stream and is_stream(exchange.headers):
            return self._pass_stream(answer)
        return self._pass_whole(answer)

    def _pass_whole(self, answer: Answer) -> Answer | Refused:
        body = answer.exchange.read(MAX_ANSWER_BYTES)
        document, format = parse_answer(body), format_of(self.candidate.route)
        if failure := failures.inside(self._provider, document, self.secret):
            return Refused(failure)
        format.read_stop(document)
        answer.hold_whole(body, format.read_usage(document))
        return answer

    def _pass_stream(self, answer: Answer) -> Answer | Refused:
        """Passes the stream through unchanged, checked by a `StreamGuard`."""
        guard = StreamGuard(self.candidate.route, self._provider, self.secret)
        buffers = answer.exchange.buffers()
        first, until = bytearray(), clock.monotonic() + LONGEST_PRELUDE_SECONDS
        for buffer in buffers:
            if not guard.feed(buffer) or guard.failure_inside:
                return Refused(guard.failure_inside or failures.malformed())
            first += buffer
            if guard.has_content or clock.monotonic() > until:
                break
        else:
            if guard.failure:
                return Refused(guard.failure)
        passed = upstream.guarded(answer, guard, first, buffers)
        is_counted = _is_counted(self.candidate, self.call)
        answer.buffers = map(upstream.without_usage, passed) if is_counted else passed
        return answer

    def _translate(self, answer: Answer, request: ChatRequest) -> Answer | Refused:
        format = FORMATS[self.candidate.route]
        if self.call.stream and is_stream(answer.headers):
            buffers = answer.exchange.buffers()
            parts = format.read_stream(buffers, self._provider, self.secret)
            return self._translate_stream(answer, parts, request)
        body = answer.exchange.read(MAX_ANSWER_BYTES)
        response = whole.read_whole(format, body, self._provider, self.secret)
        if isinstance(response, Failure):
            return Refused(response)
        if self.call.stream:
            return self._translate_stream(answer, parts_of(response), request)
        writer = FORMATS[self.call.route]
        document = writer.write_answer(response, self.call.model, self.request_id)
        answer.hold_whole(json.dumps(document).encode(), response.usage)
        return answer

    def _translate_stream(
        self, answer: Answer, parts: Iterator[Part], request: ChatRequest
    ) -> Answer | Refused:
        first: list[Part] = []
        for part in parts:
            if isinstance(part, Failed):
                return Refused(part.failure)
            first.append(part)
            if not isinstance(part, Begin):
                break
        answer.buffers = FORMATS[self.call.route].write_stream(
            upstream.observed(answer, chain(first, parts)),
            self.call.model,
            self.request_id,
            replace(request, system="", turns=(), tools=()),  # Held as long as the answer is read.
        )
        return answer


def prepare(candidate: Candidate, call: Call, secret: str, request_id: str) -> Attempt:
    """Raises `Invalid` if the provider's format cannot express the request."""
    model, request = candidate.offer.upstream_model, None
    if candidate.route != call.route:
        request = FORMATS[call.route].read_request(call.document)
        body = json.dumps(FORMATS[candidate.route].write_request(request, model)).encode()
    elif _is_counted(candidate, call):
        body = calls.body_with_usage(call, model)
    else:
        body = calls.body_for(call, model)
    return Attempt(candidate, call, request, body, secret, request_id)


def _is_counted(candidate: Candidate, call: Call) -> bool:
    """Whether the stream must report its tokens: the balance pays by count, not by estimate."""
    return candidate.is_billed and calls.is_silent(call)


def _timeouts() -> Timeouts:
    chosen = endpoints.timeouts()
    return replace(chosen, total_seconds=max(chosen.total_seconds, LONGEST_SECONDS))
