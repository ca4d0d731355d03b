"""Reads conversations: list rows, transcripts, and when a bot was last used."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, ScalarSelect, case, func, select, type_coerce
from sqlalchemy.orm import aliased

from core.bots.conversations import search as conversation_search
from core.bots.conversations.search import ConversationFilter
from core.bots.models import ANSWER, VISITOR, Bot, Conversation, Message
from core.db import UTCDateTime, session
from core.errors import NotFound


@dataclass(frozen=True)
class Summary:
    """A conversation as a row of a list."""

    id: str
    bot_id: str
    bot_name: str
    origin: str
    first_text: str
    started_at: datetime
    last_at: datetime
    messages: int
    failed: int
    tokens_in: int
    tokens_out: int


def latest(bot: Bot, size: int) -> list[Summary]:
    """The bot's latest conversations that have a message."""
    wanted = ConversationFilter(bot.workspace_id, bot_id=bot.id)
    return in_order(conversation_search.step(wanted, size=size).ids)


def in_order(ids: Sequence[str]) -> list[Summary]:
    """These conversations, in this order."""
    rows = session().scalars(select(Conversation).where(Conversation.id.in_(ids)))
    by_id = {conversation.id: conversation for conversation in rows}
    return summaries([by_id[id_] for id_ in ids if id_ in by_id])


def summaries(conversations: Sequence[Conversation]) -> list[Summary]:
    totals = {row.conversation_id: row for row in _totals_of([row.id for row in conversations])}
    return [_summary(row, totals.get(row.id)) for row in conversations]


def get(workspace_id: str, conversation_id: str) -> Conversation:
    found = session().get(Conversation, conversation_id)
    if found is None or found.workspace_id != workspace_id or found.bot.deleted_at:
        raise NotFound("This workspace has no such conversation.")
    return found


def messages_of(conversation_id: str) -> list[Message]:
    """All messages of a conversation in the order they were written, each question before its answer."""
    rows = session().scalars(
        select(Message)
        .where(Message.conversation_id == conversation_id)
        .order_by(Message.created_at, Message.id)
    )
    return list(rows)


def count_since(bot_id: str, since: datetime) -> int:
    """How many conversations with the bot had a message since then."""
    conversations = select(func.count()).where(
        Conversation.bot_id == bot_id, Conversation.last_message_at >= since
    )
    return session().scalar(conversations) or 0


def by_site(bot_id: str, since: datetime) -> dict[str, tuple[int, datetime]]:
    """By origin how many conversations with the bot had a message since then, and when the last one did."""
    last = type_coerce(func.max(Conversation.last_message_at), UTCDateTime)
    rows = session().execute(
        select(Conversation.origin, func.count(), last)
        .where(Conversation.bot_id == bot_id, Conversation.last_message_at >= since)
        .group_by(Conversation.origin)
    )
    return {origin: (conversations, at) for origin, conversations, at in rows}


def last_by_bot(workspace_id: str) -> dict[str, datetime | None]:
    """When each bot got its last message, read from the end of its index."""
    last = (
        select(func.max(Conversation.last_message_at))
        .where(Conversation.bot_id == Bot.id)
        .correlate(Bot)
        .scalar_subquery()
    )
    rows = session().execute(
        select(Bot.id, type_coerce(last, UTCDateTime)).where(
            Bot.workspace_id == workspace_id, Bot.deleted_at.is_(None)
        )
    )
    return {row[0]: row[1] for row in rows}


def _totals_of(ids: list[str]) -> Sequence[Row[Any]]:
    """For each conversation: its messages, failures, tokens and first text."""
    failures = case(((Message.role == ANSWER) & conversation_search.failed(), 1), else_=0)
    totals: list[ColumnElement[Any]] = [
        func.count().label("messages"),
        func.sum(failures).label("failed"),
        func.coalesce(func.sum(Message.tokens_in), 0).label("tokens_in"),
        func.coalesce(func.sum(Message.tokens_out), 0).label("tokens_out"),
        _first_text().label("first_text"),
    ]
    wanted = select(Message.conversation_id, *totals).where(Message.conversation_id.in_(ids))
    return session().execute(wanted.group_by(Message.conversation_id)).all()


def _first_text() -> ScalarSelect[str]:
    question = aliased(Message)
    return (
        select(question.text)
        .where(question.conversation_id == Message.conversation_id, question.role == VISITOR)
        .order_by(question.created_at)
        .limit(1)
        .correlate(Message)
        .scalar_subquery()
    )


def _summary(conversation: Conversation, totals: Row[Any] | None) -> Summary:
    return Summary(
        id=conversation.id,
        bot_id=conversation.bot_id,
        bot_name=conversation.bot.name,
        origin=conversation.origin,
        first_text=totals.first_text or "" if totals else "",
        started_at=conversation.created_at,
        last_at=conversation.last_message_at or conversation.created_at,
        messages=totals.messages if totals else 0,
        failed=totals.failed if totals else 0,
        tokens_in=totals.tokens_in if totals else 0,
        tokens_out=totals.tokens_out if totals else 0,
    )


def turn(workspace_id: str, bot_id: str, answer_id: str) -> tuple[Message, Message]:
    """A question to this bot and its answer, by the answer's id; raises `NotFound`."""
    answer = session().get(Message, answer_id)
    ours = answer and (answer.workspace_id, answer.bot_id) == (workspace_id, bot_id)
    question = session().get(Message, answer.reply_to or "") if answer and ours else None
    if answer is None or question is None:
        raise NotFound("This bot has no such answer.")
    return question, answer


def question_and_answer(workspace_id: str, bot_id: str, answer_id: str) -> tuple[str, str]:
    """The texts of a visitor's question and its answer; raises `NotFound`."""
    question, answer = turn(workspace_id, bot_id, answer_id)
    return question.text, answer.text
