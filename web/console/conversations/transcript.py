"""A conversation's transcript: each question with its answer and the answer's details."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from markupsafe import Markup

from core.bots.answers import failure_messages
from core.bots.answers.failure_messages import Reason
from core.bots.models import COMPLETE, VISITOR, Message
from core.bots.retrieval import citations
from web.markdown import safe_html

_WORDS = {
    "pending": "Answering",
    "complete": "Answered",
    "interrupted": "Interrupted",
    "failed": "Failed",
    "stopped": "Stopped",
    "unknown": "Didn’t know",
}
UNKNOWN = "unknown"
"""No model was called: no source matched."""
_THUMBS = {1: "up", -1: "down"}


@dataclass(frozen=True)
class AnswerView:
    """An answer as the owner sees it, with the real reason of a failure."""

    id: str
    text: str
    html: Markup
    status: str
    state: str
    status_word: str
    model_name: str
    provider_name: str
    tokens_in: int | None
    tokens_out: int | None
    latency_ms: int | None
    first_token_ms: int | None
    sentence: str
    provider_words: str
    attempts: int
    at: datetime | None
    cached: bool
    thumb: str
    sources: list[dict[str, Any]]


def turns(messages: list[Message]) -> list[dict[str, Any]]:
    answers = {message.reply_to: message for message in messages if message.reply_to}
    return [
        {
            "question": {"text": message.text, "at": message.created_at},
            "answer": _answer_view(answers[message.id]) if message.id in answers else None,
        }
        for message in messages
        if message.role == VISITOR
    ]


def status_word(answer: Message) -> str:
    """The status in one or two words."""
    return _WORDS[_state(answer)]


def _state(answer: Message) -> str:
    """The state to display: the status, or that it was stopped or unknown."""
    if answer.status == COMPLETE and not answer.provider and not answer.cached:
        return UNKNOWN
    return Reason.stopped if answer.failure == Reason.stopped else answer.status


def _answer_view(answer: Message) -> AnswerView:
    model_name, provider_name = failure_messages.names(answer.model_id, answer.provider)
    state = _state(answer)
    sources = citations.shown(answer.sources or [])
    return AnswerView(
        id=answer.id,
        text=answer.text,
        html=safe_html(answer.text, sources),
        status=answer.status,
        state=state,
        status_word=_WORDS[state],
        model_name="" if state == UNKNOWN else model_name,
        provider_name="" if state == UNKNOWN else provider_name,
        tokens_in=answer.tokens_in,
        tokens_out=answer.tokens_out,
        latency_ms=answer.latency_ms,
        first_token_ms=answer.first_token_ms,
        sentence=failure_messages.for_owner(answer.failure, answer.model_id, answer.provider),
        provider_words=answer.provider_words,
        attempts=answer.attempt,
        at=answer.finished_at,
        cached=answer.cached,
        thumb=_THUMBS.get(answer.feedback or 0, ""),
        sources=sources,
    )
