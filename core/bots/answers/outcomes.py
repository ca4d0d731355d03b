"""How answers end: one conditional update from pending to a terminal state; the first one wins.

A failed answer returns its message to the quota in the same transaction. The sweep ends the answers
of processes without a `heartbeat`.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.orm import Session

from core import clock
from core.bots.answers import cache, stream_log
from core.bots.answers.cache import FirstQuestion
from core.bots.answers.failure_messages import Reason, for_visitor
from core.bots.answers.live_answer import LiveAnswer
from core.bots.models import COMPLETE, FAILED, INTERRUPTED, PENDING, Message
from core.bots.quota import quota
from core.bots.retrieval.citations import Citation
from core.db import changed_one, session, transaction
from core.keys import live_refusals, store
from core.keys.store import Usable
from core.providers.failures import Failure, FailureKind
from core.providers.formats.response import Usage
from core.usage import counting

STALE_AFTER = timedelta(seconds=30)


@dataclass
class Outcome:
    """The result of an attempt, collected while it runs."""

    provider: str = ""
    key: Usable | None = None
    status: str = FAILED
    reason: str = Reason.internal
    failure: Failure | None = None
    tokens_in: int | None = None
    tokens_out: int | None = None
    first_token_ms: int | None = None
    latency_ms: int | None = None
    sources: list[Citation] = field(default_factory=list)
    question: FirstQuestion | None = None
    """The cache key of a complete answer."""
    cached: bool = False

    @classmethod
    def failed(cls, reason: str, provider: str = "") -> "Outcome":
        """An attempt that failed before a provider was called."""
        return cls(provider=provider, reason=reason)

    def add_usage(self, usage: Usage) -> None:
        self.tokens_in = usage.tokens_in if usage.tokens_in is not None else self.tokens_in
        self.tokens_out = usage.tokens_out if usage.tokens_out is not None else self.tokens_out

    def finish(self, text: str) -> None:
        """The provider's stream is complete.

        An empty one is a failure: a model may have only been thinking.
        """
        said_something = bool(text.strip())
        self.status, self.reason = (
            (COMPLETE, "") if said_something else (FAILED, Reason.empty_answer)
        )

    def fail(self, failure: Failure, partial: bool) -> None:
        """Interrupted if the visitor has seen part of the answer, otherwise failed."""
        self.status = INTERRUPTED if partial else FAILED
        self.reason, self.failure = str(failure.kind), failure
        if failure.kind is FailureKind.cancelled:
            self.reason = Reason.process_ended

    def stop(self) -> None:
        """Stopped by the visitor, which is not a failure."""
        self.status, self.reason = INTERRUPTED, Reason.stopped

    @property
    def is_done(self) -> bool:
        return is_done(self.status, self.reason)

    @property
    def was_cancelled(self) -> bool:
        return self.failure is not None and self.failure.kind is FailureKind.cancelled

    def counts(self, text: str) -> bool:
        """Whether it counts against the quota: the visitor saw the answer, or part of it before a stop."""
        return self.status == COMPLETE or (self.is_done and bool(text.strip()))


def is_done(status: str, reason: str) -> bool:
    """Whether the final event is `done`: the answer is complete, or its visitor stopped it. Else `error`."""
    return status == COMPLETE or reason == Reason.stopped


def end(live: LiveAnswer, outcome: Outcome) -> None:
    """Writes the row, reports a rejected key, and only then notifies the readers."""
    if _end_row(live.message_id, live.attempt, live.text, outcome):
        stream_log.close(live.message_id, live.attempt)
    model_id = _model_of(live.message_id) if outcome.failure and outcome.key else ""
    key, failure = outcome.key, outcome.failure
    refused = (
        key is not None and failure is not None and live_refusals.record(key, failure, model_id)
    )
    live.end(*last_event(live, outcome.reason, outcome), outcome.sources)
    if key and refused:
        live_refusals.queue_confirmation(key, model_id)


def _model_of(message_id: str) -> str:
    return session().scalar(select(Message.model_id).where(Message.id == message_id)) or ""


def last_event(
    live: LiveAnswer, reason: str, outcome: Outcome | None = None
) -> tuple[str, dict[str, Any]]:
    """The final event: `done` with the usage, or `error` with the visitor's message."""
    if outcome and is_done(outcome.status, reason):
        usage = {"tokens_in": outcome.tokens_in, "tokens_out": outcome.tokens_out}
        return "done", {"status": outcome.status, "usage": usage}
    code, sentence = for_visitor(reason)
    return "error", {
        "code": code,
        "message": sentence,
        "status": outcome.status if outcome else FAILED,
    }


def sweep() -> int:
    """Ends the answers of processes that are gone, keeping their text. Returns how many."""
    late = clock.now() - STALE_AFTER
    dead = session().scalars(
        select(Message).where(Message.status == PENDING, Message.alive_at < late).limit(200)
    )
    return sum(_end_abandoned(answer) for answer in list(dead))


def end_stopped(answer: Message) -> bool:
    """Ends a stopped answer if its own process does not."""
    return _end_from_outside(answer, Reason.stopped)


def _end_abandoned(answer: Message) -> bool:
    return _end_from_outside(answer, Reason.process_ended)


def _end_from_outside(answer: Message, reason: str) -> bool:
    """Ends it with the text in the stream log or the row. Returns whether this call ended it."""
    said = max(stream_log.text_so_far(answer.id, answer.attempt), answer.text, key=len)
    outcome = Outcome.failed(reason, answer.provider)
    outcome.status = INTERRUPTED
    ended = _end_row(answer.id, answer.attempt, said, outcome)
    stream_log.close(answer.id, answer.attempt)
    return ended


def _end_row(message_id: str, attempt: int, text: str, outcome: Outcome) -> bool:
    """Returns whether this call ended the attempt: only one of all concurrent calls does."""
    with transaction() as current:
        place = _place_of(current, message_id)
        if place is None:
            return False
        ended = changed_one(
            current,
            update(Message)
            .where(Message.id == message_id, Message.attempt == attempt, Message.status == PENDING)
            .values(_final_values(text, outcome)),
        )
        if ended and place.quota_period and not outcome.counts(text):
            quota.release(current, place.workspace_id, place.quota_period)
        if ended and outcome.key and outcome.latency_ms:
            store.record_used(current, outcome.key.key_id, failed=_failed_there(outcome))
        if ended:
            _count(current, place, text, outcome)
            _cache(current, text, outcome)
    return ended


def _cache(current: Session, text: str, outcome: Outcome) -> None:
    if outcome.question and outcome.cached:
        cache.count_hit(current, outcome.question)
    elif outcome.question and outcome.status == COMPLETE:
        cache.keep(current, outcome.question, text, outcome.sources)


def _place_of(current: Session, message_id: str) -> Row[str, str, str, str] | None:
    """The answer's workspace, bot, model and quota month; None if it was deleted."""
    return current.execute(
        select(Message.workspace_id, Message.bot_id, Message.model_id, Message.quota_period).where(
            Message.id == message_id
        )
    ).first()


def _count(current: Session, place: Row[str, str, str, str], text: str, outcome: Outcome) -> None:
    """Adds this attempt to the day's usage."""
    counting.count(
        current,
        place.workspace_id,
        place.bot_id,
        outcome.provider,
        place.model_id,
        outcome.key.key_id if outcome.key else None,
        answered=int(outcome.counts(text)),
        failed=int(not outcome.is_done),
        cached=int(outcome.cached),
        tokens_in=outcome.tokens_in,
        tokens_out=outcome.tokens_out,
    )


def _final_values(text: str, outcome: Outcome) -> dict[Any, Any]:
    values: dict[Any, Any] = {
        "status": outcome.status,
        "text": text,
        "failure": str(outcome.reason),
        "provider_words": outcome.failure.message[:400] if outcome.failure else "",
        "provider": outcome.provider,
        "key_id": outcome.key.key_id if outcome.key else None,
        "key_version": outcome.key.version if outcome.key else None,
        "tokens_in": outcome.tokens_in,
        "tokens_out": outcome.tokens_out,
        "first_token_ms": outcome.first_token_ms,
        "latency_ms": outcome.latency_ms,
        "sources": outcome.sources,
        "cached": outcome.cached,
        "finished_at": clock.now(),
    }
    return values if outcome.counts(text) else values | {"quota_period": ""}


def _failed_there(outcome: Outcome) -> bool:
    """Whether the request failed at the provider, rather than being ended by us."""
    return outcome.failure is not None and not outcome.was_cancelled
