"""Serves one request with failover: tries the keys that have the model in order until an answer begins.

`retry_policy` decides what follows a failure: the same key again, the next key, or the end. Every
attempt is recorded: its provider, whose key it was and its outcome.
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
"""Before the same key is retried."""


def decide(caller: Caller, model: str, route: str) -> Decision:
    """The route a request for the model takes now: `routing.decide` with the current keys and plan."""
    return routing.decide(
        model,
        route,
        workspace_keys.keys_of(caller),
        caller.key_order,
        caller.plan.provider_keys,
        platform_keys.has,
    )


def serve(caller: Caller, call: Call, request_id: str) -> Reply:
    """The answer, or an error in the caller's format. Raises `Invalid` if no provider accepts the request."""
    return _Run(caller, call, request_id).serve(decide(caller, call.model, call.route))


class _Run:
    """One request: tries its candidates in order (failover) and records each attempt."""

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
        """Why a candidate got no request: its format cannot express part of it."""

    def serve(self, decision: Decision) -> Reply:
        if decision.refusal:
            return self._refuse(error_replies.of_decision(decision, self._call.model))
        # Keys that the provider asked us not to use yet come last.
        candidates = sorted(decision.candidates, key=lambda candidate: _wait(candidate) > 0)
        for candidate in candidates:
            reply = self._serve_from(candidate, candidate is candidates[-1])
            if reply:
                return reply
        if self._untranslatable and not self._record.attempts:
            return self._refuse(error_replies.untranslatable(self._untranslatable))
        wait_seconds = min(map(_wait, candidates))
        return self._refuse(error_replies.exhausted(self._last, wait_seconds))

    def _serve_from(self, candidate: Candidate, is_last: bool) -> Reply | None:
        """The candidate's answer or a final error; None to fail over to the next candidate."""
        if _wait(candidate) > MAX_WAIT_SECONDS:
            self._record_attempt(candidate, 429, "cooling", 0)
            return None
        if candidate.key:
            secret = workspace_keys.open_key(candidate.key)
        else:
            secret = platform_keys.key_for(candidate.provider)
        if secret is None:
            self._record_attempt(candidate, 0, "key_unreadable", 0)
            return None
        try:
            attempt = attempts.prepare(candidate, self._call, secret, self._record.id)
        except Invalid as error:
            self._untranslatable = error
            return None
        refusal = charges.hold(self._record, attempt)
        if refusal:
            return self._refuse(refusal)
        release()
        reply = self._send_twice(attempt, is_last)
        if not (reply and reply.status == 200):
            charges.release(self._record)
        return reply

    def _send_twice(self, attempt: Attempt, is_last: bool) -> Reply | None:
        """Sends it once, and retries once where that may help. None to fail over."""
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
        _record_failure(candidate, answer)
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
        is_stream = self._call.stream and not answer.is_whole
        headers["content-type"] = (
            "text/event-stream; charset=utf-8" if is_stream else "application/json"
        )
        self._call = calls.drop_body(self._call)
        body = self._body(candidate, answer)
        return Reply(200, headers, b"".join(body) if answer.is_whole else body)

    def _body(self, candidate: Candidate, answer: Answer) -> Iterator[bytes]:
        """Streams the answer; one that breaks off ends with an error in the caller's format."""
        is_complete = False
        try:
            yield from answer.buffers
            is_complete = True
            if answer.failure and not answer.shows_failure:
                code = f"upstream_{answer.failure.kind}"
                yield formats.errors.in_stream(self._call.route, code, answer.failure.message)
        finally:
            if is_complete and not answer.failure:
                answer.exchange.finish()
            answer.exchange.close()
            self._record_answer(candidate, answer, is_complete)

    def _record_answer(self, candidate: Candidate, answer: Answer, is_complete: bool) -> None:
        record = self._record
        if not is_complete:
            record.code = "client_left"
        elif answer.failure:
            record.code = f"upstream_{answer.failure.kind}"[:40]
        charges.settle(record, candidate, self._call, answer)
        record.latency_ms = self._milliseconds()
        writer.record(record)

    def _refuse(self, reply: Reply) -> Reply:
        """Logs the error and writes it in the caller's format."""
        record = self._record
        record.status, record.code = reply.status, reply.code
        record.latency_ms = self._milliseconds()
        if record.attempts:
            record.provider = str(record.attempts[-1]["provider"])
        writer.record(record)
        reply.headers |= self._headers()
        return error_replies.with_body(reply, self._call.route, record)

    def _headers(self) -> dict[str, str]:
        """The `x-mevichat-` headers: whose key answered, after which attempts, and our own overhead."""
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


def _wait(candidate: Candidate) -> float:
    key = candidate.key
    return cooldowns.seconds_left(key.id, key.version) if key else 0.0


def _record_failure(candidate: Candidate, refused: Refused) -> None:
    """Marks a workspace key as failed, or starts the cooldown that the provider asked for (rate limit)."""
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
