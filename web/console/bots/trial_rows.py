"""A turn on *Try it*: the question, the answer's sources, its time and its cost."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.bots.models import Bot, Message
from core.knowledge import sources as knowledge_sources
from core.usage import prices
from web.console.conversations import transcript
from web.console.conversations.transcript import AnswerView
from web.console.usage.totals import dollars

MOST = 5
"""How many turns of the latest conversation the page shows."""


@dataclass(frozen=True)
class SourceRow:
    """A source that was given to the model."""

    number: int
    title: str
    source_id: str
    """"" if it was deleted since."""
    chunks: int


@dataclass(frozen=True)
class Row:
    id: str
    conversation_id: str
    question: str
    asked_at: datetime
    answer: AnswerView
    sources: list[SourceRow]
    cost: str

    @property
    def model_was_not_called(self) -> bool:
        """Whether the answer came from the cache, or said that the bot doesn't know."""
        return self.answer.cached or self.answer.state == transcript.UNKNOWN


def newest(bot: Bot, messages: Sequence[Message]) -> list[Row]:
    """The latest of these turns, newest first."""
    answers = {message.id: message for message in messages}
    turns = [turn for turn in transcript.turns(list(messages)) if turn["answer"]]
    existing = {source.id for source in knowledge_sources.sources_of(bot.id)} if turns else set()
    return [_row(turn, answers[turn["answer"].id], existing) for turn in turns[: -MOST - 1 : -1]]


def _row(turn: dict[str, Any], answer: Message, existing: set[str]) -> Row:
    return Row(
        id=answer.id,
        conversation_id=answer.conversation_id,
        question=turn["question"]["text"],
        asked_at=turn["question"]["at"],
        answer=turn["answer"],
        sources=[_source_row(source, existing) for source in answer.sources or []],
        cost=_cost(turn["answer"], answer.model_id),
    )


def _source_row(source: dict[str, Any], existing: set[str]) -> SourceRow:
    source_id = source.get("source_id", "")
    return SourceRow(
        number=source.get("number", 0),
        title=source.get("title", "Source"),
        source_id=source_id if source_id in existing else "",
        chunks=len(source.get("chunk_ids", [])),
    )


def _cost(answer: AnswerView, model_id: str) -> str:
    """The estimate, as on Usage; "" if no tokens were counted."""
    if answer.tokens_in is None:
        return ""
    return dollars(prices.estimate_cost(model_id, answer.tokens_in, answer.tokens_out or 0))
