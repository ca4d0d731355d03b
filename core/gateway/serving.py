"""Serves one request: the keys that have the model are tried in order until an answer begins.

What a failure means for the next step is decided in `after`. Whatever happens is recorded: who was
tried, whose key it was, what it came to.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

from core import clock
from core.db import release
from core.errors import Invalid
from core.gateway import (
    calls,
    cooldowns,
    error_replies,
    platform_keys,
    routing,
    upstream,
    workspace_keys,
)
from core.gateway.access import Caller
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
from core.providers.formats.request import Asked

PAUSE_SECONDS = 0.2
"""Before the same key is tried once more."""


@dataclass
class _Run:
    """One request on its way through the keys."""

    caller: Caller
    call: Call
    record: Record
    started: float = field(default_factory=clock.monotonic)
    upstream_seconds: float = 0.0
    last: Refused | None = None
    unsayable: Invalid | None = None
    """Why a candidate could not even be asked: its format has no word for something."""


def decide(caller: Caller, asked: str, route: str) -> Decision:
    """What would happen, or is about to: `routing.decide` on things as they are."""
    return routing.decide(
        asked,
        route,
        workspace_keys.keys_of(caller),
        caller.key_order,
        caller.plan.provider_keys,
        platform_keys.has,
    )


def serve(caller: Caller, call: Call, request_id: str) -> Reply:
    """The answer, or the refusal in the caller's format. Raises `Invalid` for what no provider takes."""
    record = Record(
        request_id, caller.workspace_id, caller.token_id, call.route, call.model[:120], call.stream
    )
    run = _Run(caller, call, record)
    decision = decide(caller, call.model, call.route)
    if decision.refusal:
        return _refused(run, error_replies.of_decision(decision, call.model))
    candidates = _cool_first(decision.candidates)
    for candidate in candidates:
        reply = _tried(run, candidate, candidate is candidates[-1])
        if reply:
            return reply
    if run.unsayable and not record.attempts:
        return _refused(run, error_replies.unsayable(run.unsayable))
    return _refused(run, error_replies.exhausted(run.last, min(map(_wait, candidates))))


def _cool_first(candidates: tuple[Candidate, ...]) -> list[Candidate]:
    """In their order, but those that a provider asked to leave alone come last."""
    return sorted(candidates, key=lambda one: _wait(one) > 0)


def _wait(candidate: Candidate) -> float:
    key = candidate.key
    return cooldowns.seconds_left(key.id, key.version) if key else 0.0


def _tried(run: _Run, candidate: Candidate, is_last: bool) -> Reply | None:
    """The reply that this candidate makes, good or final; None to go on to the next."""
    if _wait(candidate) > MAX_WAIT_SECONDS:
        _note_attempt(run, candidate, 429, "cooling", 0)
        return None
    secret = _secret_of(candidate)
    if secret is None:
        _note_attempt(run, candidate, 0, "key_unreadable", 0)
        return None
    try:
        asked = _asked(run.call, candidate)
        body = upstream.body_for(candidate, run.call, asked)
    except Invalid as error:
        run.unsayable = error
        return None
    refusal = charges.hold(run.record, run.call, candidate)
    if refusal:
        return _refused(run, refusal)
    release()
    reply = _asked_twice(
        run,
        candidate,
        is_last,
        asked,
        partial(upstream.ask, candidate, run.call, asked, body, secret, run.record.id),
    )
    if not (reply and reply.status == 200):
        charges.release(run.record)
    return reply


def _asked_twice(
    run: _Run,
    candidate: Candidate,
    is_last: bool,
    asked: Asked | None,
    ask: Callable[[], Answer | Refused],
) -> Reply | None:
    """Once, and once more where that may help."""
    for last_try in (False, True):
        if wait := _wait(candidate):
            clock.sleep(min(wait, MAX_WAIT_SECONDS))
        answer = _asked_once(run, candidate, ask)
        if isinstance(answer, Answer):
            return _begun(run, candidate, answer, asked is None)
        step = next_step(answer, last_try, _wait(candidate), is_last)
        if step is Step.final:
            return _refused(run, error_replies.final(answer, asked is None))
        if step is Step.next:
            break
        if not _wait(candidate):
            clock.sleep(PAUSE_SECONDS)
    return None


def _secret_of(candidate: Candidate) -> str | None:
    if candidate.key:
        return workspace_keys.open_key(candidate.key)
    return platform_keys.key_for(candidate.provider)


def _asked(call: Call, candidate: Candidate) -> Asked | None:
    """The neutral form, where it has to be translated; None where the bytes go on as they are."""
    if candidate.route == call.route:
        return None
    return formats.FORMATS[call.route].read_request(call.document)


def _asked_once(
    run: _Run, candidate: Candidate, ask: Callable[[], Answer | Refused]
) -> Answer | Refused:
    began = clock.monotonic()
    answer = ask()
    seconds = clock.monotonic() - began
    run.upstream_seconds += seconds
    if isinstance(answer, Answer):
        _note_attempt(run, candidate, answer.exchange.status, "", seconds)
        return answer
    _note_attempt(run, candidate, answer.status or 0, str(answer.failure.kind), seconds)
    run.last = answer
    _judge(candidate, answer)
    return answer


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


def _note_attempt(run: _Run, candidate: Candidate, status: int, kind: str, seconds: float) -> None:
    told = {"provider": candidate.provider, "source": candidate.source, "status": status}
    run.record.attempts.append(told | {"kind": kind, "ms": round(seconds * 1000)})


def _begun(run: _Run, candidate: Candidate, answer: Answer, same_format: bool) -> Reply:
    record = run.record
    record.provider, record.model_id = candidate.provider, candidate.model_id[:120]
    record.key_source = candidate.source
    record.key_id = candidate.key.id if candidate.key else ""
    record.status, record.first_byte_ms = 200, _milliseconds(run)
    headers = error_replies.passed_headers(answer.headers) | _facts(run)
    made = "text/event-stream; charset=utf-8" if run.call.stream else "application/json"
    headers["content-type"] = answer.headers.get("content-type", made) if same_format else made
    run.call = calls.drop_body(run.call)
    told = _told(run, candidate, answer)
    return Reply(200, headers, b"".join(told) if answer.is_whole else told)


def _told(run: _Run, candidate: Candidate, answer: Answer) -> Iterator[bytes]:
    """The answer as it arrives; a broken one ends with an error in the caller's format."""
    ended = False
    try:
        yield from answer.buffers
        ended = True
        if answer.failure and not answer.told:
            failure = answer.failure
            code = f"upstream_{failure.kind}"
            yield formats.errors.in_stream(run.call.route, code, failure.message)
    finally:
        if ended and not answer.failure:
            answer.exchange.finish()
        answer.exchange.close()
        _end(run, candidate, answer, ended)


def _end(run: _Run, candidate: Candidate, answer: Answer, ended: bool) -> None:
    record = run.record
    if not ended:
        record.code = "client_left"
    elif answer.failure:
        record.code = f"upstream_{answer.failure.kind}"[:40]
    charges.settle(record, candidate, run.call, answer)
    record.latency_ms = _milliseconds(run)
    writer.record(record)


def _refused(run: _Run, reply: Reply) -> Reply:
    """The reply with what is known of the request, in the caller's format and in the log."""
    record = run.record
    record.status, record.code = reply.status, reply.code
    record.latency_ms = _milliseconds(run)
    if record.attempts:
        record.provider = str(record.attempts[-1]["provider"])
    writer.record(record)
    reply.headers |= _facts(run)
    return error_replies.written(reply, run.call.route, record)


def _facts(run: _Run) -> dict[str, str]:
    """Whose key, after which tries, and what of the time was ours."""
    record = run.record
    overhead = clock.monotonic() - run.started - run.upstream_seconds
    known = {"provider": record.provider, "model": record.model_id, "key-source": record.key_source}
    facts = known | {"attempts": error_replies.trail(record.attempts)}
    facts["overhead-ms"] = f"{max(0.0, overhead) * 1000:.1f}"
    return {f"x-mevichat-{name}": text for name, text in facts.items() if text}


def _milliseconds(run: _Run) -> int:
    return max(1, round((clock.monotonic() - run.started) * 1000))
