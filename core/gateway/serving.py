"""Serves one request: the keys that have the model are tried in order until an answer begins.

What a failure means for the next step is decided in `after`. Whatever happens is recorded: who was
tried, whose key it was, what came of it.
"""

from collections.abc import Iterator

from core import clock
from core.db import release
from core.errors import Invalid
from core.gateway import (
    attempts,
    calls,
    cooldowns,
    error_replies,
    platform_keys,
    routing,
    workspace_keys,
)
from core.gateway.access import Caller
from core.gateway.attempts import Attempt
from core.gateway.billing import charges
from core.gateway.calls import Call
from core.gateway.error_replies import Reply
from core.gateway.request_log import writer
from core.gateway.request_log.writer import Record
from core.gateway.retry_policy import MAX_WAIT_SECONDS, Step, next_step
from core.gateway.routing import Candidate, Decision
from core.gateway.upstream import Answer, Refused
from core.keys import live_refusals
from core.keys.store import Usable
from core.providers import formats
from core.providers.failures import is_key_fault

PAUSE_SECONDS = 0.2
"""Before the same key is tried once more."""


def decide(caller: Caller, model: str, route: str) -> Decision:
    """What would happen, or is about to: `routing.decide` on things as they are."""
    return routing.decide(
        model,
        route,
        workspace_keys.keys_of(caller),
        caller.key_order,
        caller.plan.provider_keys,
        platform_keys.has,
    )


def serve(caller: Caller, call: Call, request_id: str) -> Reply:
    """The answer, or the refusal in the caller's format. Raises `Invalid` for what no provider takes."""
    return _Run(caller, call, request_id).serve(decide(caller, call.model, call.route))


class _Run:
    """One request on its way through the keys."""

    def __init__(self, caller: Caller, call: Call, request_id: str) -> None:
        self._call = call
        self._record = Record(
            request_id,
            caller.workspace_id,
            caller.token_id,
            call.route,
            call.model[:120],
            call.stream,
        )
        self._started = clock.monotonic()
        self._upstream_seconds = 0.0
        self._last: Refused | None = None
        self._untranslatable: Invalid | None = None
        """Why no request could be sent to a candidate: its format has no word for something."""

    def serve(self, decision: Decision) -> Reply:
        if decision.refusal:
            return self._refuse(error_replies.of_decision(decision, self._call.model))
        candidates = _cool_first(decision.candidates)
        for candidate in candidates:
            reply = self._try(candidate, candidate is candidates[-1])
            if reply:
                return reply
        if self._untranslatable and not self._record.attempts:
            return self._refuse(error_replies.untranslatable(self._untranslatable))
        wait_seconds = min(map(_wait, candidates))
        return self._refuse(error_replies.exhausted(self._last, wait_seconds))

    def _try(self, candidate: Candidate, is_last: bool) -> Reply | None:
        """The reply that this candidate makes, good or final; None to go on to the next."""
        if _wait(candidate) > MAX_WAIT_SECONDS:
            self._record_attempt(candidate, 429, "cooling", 0)
            return None
        secret = _secret_of(candidate)
        if secret is None:
            self._record_attempt(candidate, 0, "key_unreadable", 0)
            return None
        try:
            attempt = attempts.prepare(candidate, self._call, secret, self._record.id)
        except Invalid as error:
            self._untranslatable = error
            return None
        refusal = charges.hold(self._record, self._call, candidate)
        if refusal:
            return self._refuse(refusal)
        release()
        reply = self._send_twice(attempt, is_last)
        if not (reply and reply.status == 200):
            charges.release(self._record)
        return reply

    def _send_twice(self, attempt: Attempt, is_last: bool) -> Reply | None:
        """Once, and once more where that may help."""
        candidate = attempt.candidate
        for last_try in (False, True):
            if wait := _wait(candidate):
                clock.sleep(min(wait, MAX_WAIT_SECONDS))
            answer = self._send(attempt)
            if isinstance(answer, Answer):
                return self._begin(attempt, answer)
            step = next_step(answer, last_try, _wait(candidate), is_last)
            if step is Step.final:
                return self._refuse(error_replies.final(answer, attempt.same_format))
            if step is Step.next:
                break
            if not _wait(candidate):
                clock.sleep(PAUSE_SECONDS)
        return None

    def _send(self, attempt: Attempt) -> Answer | Refused:
        candidate, started = attempt.candidate, clock.monotonic()
        answer = attempt.send()
        seconds = clock.monotonic() - started
        self._upstream_seconds += seconds
        if isinstance(answer, Answer):
            self._record_attempt(candidate, answer.exchange.status, "", seconds)
            return answer
        self._record_attempt(candidate, answer.status or 0, str(answer.failure.kind), seconds)
        self._last = answer
        _judge(candidate, answer)
        return answer

    def _record_attempt(self, candidate: Candidate, status: int, kind: str, seconds: float) -> None:
        self._record.attempts.append(
            {
                "provider": candidate.provider,
                "source": candidate.source,
                "status": status,
                "kind": kind,
                "ms": round(seconds * 1000),
            }
        )

    def _begin(self, attempt: Attempt, answer: Answer) -> Reply:
        record, candidate = self._record, attempt.candidate
        record.provider, record.model_id = candidate.provider, candidate.model_id[:120]
        record.key_source = candidate.source
        record.key_id = candidate.key.id if candidate.key else ""
        record.status, record.first_byte_ms = 200, self._milliseconds()
        headers = error_replies.passed_headers(answer.headers) | self._headers()
        made = "text/event-stream; charset=utf-8" if self._call.stream else "application/json"
        passed = answer.headers.get("content-type", made)
        headers["content-type"] = passed if attempt.same_format else made
        self._call = calls.drop_body(self._call)
        body = self._body(candidate, answer)
        return Reply(200, headers, b"".join(body) if answer.is_whole else body)

    def _body(self, candidate: Candidate, answer: Answer) -> Iterator[bytes]:
        """The answer as it arrives; a broken one ends with an error in the caller's format."""
        ended = False
        try:
            yield from answer.buffers
            ended = True
            if answer.failure and not answer.shows_failure:
                code = f"upstream_{answer.failure.kind}"
                yield formats.errors.in_stream(self._call.route, code, answer.failure.message)
        finally:
            if ended and not answer.failure:
                answer.exchange.finish()
            answer.exchange.close()
            self._end(candidate, answer, ended)

    def _end(self, candidate: Candidate, answer: Answer, ended: bool) -> None:
        record = self._record
        if not ended:
            record.code = "client_left"
        elif answer.failure:
            record.code = f"upstream_{answer.failure.kind}"[:40]
        charges.settle(record, candidate, self._call, answer)
        record.latency_ms = self._milliseconds()
        writer.record(record)

    def _refuse(self, reply: Reply) -> Reply:
        """The reply with what is known of the request, in the caller's format and in the log."""
        record = self._record
        record.status, record.code = reply.status, reply.code
        record.latency_ms = self._milliseconds()
        if record.attempts:
            record.provider = str(record.attempts[-1]["provider"])
        writer.record(record)
        reply.headers |= self._headers()
        return error_replies.written(reply, self._call.route, record)

    def _headers(self) -> dict[str, str]:
        """Whose key, after which tries, and what of the time was ours."""
        record = self._record
        overhead = clock.monotonic() - self._started - self._upstream_seconds
        facts = {
            "provider": record.provider,
            "model": record.model_id,
            "key-source": record.key_source,
            "attempts": error_replies.trail(record.attempts),
            "overhead-ms": f"{max(0.0, overhead) * 1000:.1f}",
        }
        return {f"x-mevichat-{name}": text for name, text in facts.items() if text}

    def _milliseconds(self) -> int:
        return max(1, round((clock.monotonic() - self._started) * 1000))


def _cool_first(candidates: tuple[Candidate, ...]) -> list[Candidate]:
    """In their order, but those that a provider asked to leave alone come last."""
    return sorted(candidates, key=lambda one: _wait(one) > 0)


def _wait(candidate: Candidate) -> float:
    key = candidate.key
    return cooldowns.seconds_left(key.id, key.version) if key else 0.0


def _secret_of(candidate: Candidate) -> str | None:
    if candidate.key:
        return workspace_keys.open_key(candidate.key)
    return platform_keys.key_for(candidate.provider)


def _judge(candidate: Candidate, refused: Refused) -> None:
    """The verdict on a key of the workspace's, and its pause if the provider asked for one."""
    key, failure = candidate.key, refused.failure
    if key is None:
        return
    if failure.retry_after_seconds and not is_key_fault(failure):
        cooldowns.start(key.id, key.version, failure.retry_after_seconds)
    if is_key_fault(failure):
        usable = Usable(key.id, key.version, key.provider)
        if live_refusals.record(usable, failure, candidate.model_id):
            live_refusals.queue_confirmation(usable, candidate.model_id)
        release()
