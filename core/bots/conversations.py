"""Reading conversations: lists, transcripts, and the numbers of a bot or a workspace."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, case, func, select

from core import clock
from core.bots.models import ANSWER, COMPLETE, NOT_ANSWERED, VISITOR, Bot, Conversation, Message
from core.db import session
from core.errors import NotFound

PAGE = 30


@dataclass(frozen=True)
class Summary:
    """A conversation as a line of a list."""

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


@dataclass(frozen=True)
class Numbers:
    """Totals over answers; tokens as the providers counted them."""

    conversations: int
    messages: int
    failed: int
    tokens_in: int
    tokens_out: int


@dataclass(frozen=True)
class Day:
    day: date
    answered: int
    failed: int


def recent(
    workspace_id: str, bot_id: str = "", text: str = "", page: int = 1, size: int = PAGE
) -> tuple[list[Summary], bool]:
    """One page of conversations that have a message, latest first, and whether there is another."""
    wanted = select(Conversation).where(
        Conversation.workspace_id == workspace_id, Conversation.last_message_at.is_not(None)
    )
    if bot_id:
        wanted = wanted.where(Conversation.bot_id == bot_id)
    if text:
        containing = select(Message.conversation_id).where(
            Message.workspace_id == workspace_id, Message.text.icontains(text, autoescape=True)
        )
        wanted = wanted.where(Conversation.id.in_(containing))
    rows = session().scalars(
        wanted.order_by(Conversation.last_message_at.desc())
        .offset((page - 1) * size)
        .limit(size + 1)
    )
    found = list(rows)
    return summaries(found[:size]), len(found) > size


def summaries(conversations: Sequence[Conversation]) -> list[Summary]:
    ids = [conversation.id for conversation in conversations]
    totals = {row.conversation_id: row for row in _totals_by_conversation(ids)}
    first_texts = _first_texts(ids)
    return [
        _summary(conversation, totals.get(conversation.id), first_texts.get(conversation.id, ""))
        for conversation in conversations
    ]


def get(workspace_id: str, conversation_id: str) -> Conversation:
    found = session().get(Conversation, conversation_id)
    if found is None or found.workspace_id != workspace_id:
        raise NotFound("There is no such conversation in this workspace.")
    return found


def messages_of(conversation_id: str) -> list[Message]:
    """All messages of a conversation in the order they were written, each question before its answer."""
    rows = session().scalars(
        select(Message)
        .where(Message.conversation_id == conversation_id)
        .order_by(Message.created_at, Message.id)
    )
    return list(rows)


def numbers_of(bot: Bot, since: datetime) -> Numbers:
    """Totals of one bot since then."""
    row = (
        session()
        .execute(select(*_totals()).where(Message.bot_id == bot.id, Message.created_at >= since))
        .one()
    )
    talks = select(func.count()).where(
        Conversation.bot_id == bot.id, Conversation.last_message_at >= since
    )
    return Numbers(
        conversations=session().scalar(talks) or 0,
        messages=row.answered,
        failed=row.failed,
        tokens_in=row.tokens_in,
        tokens_out=row.tokens_out,
    )


def answered_by_bot(workspace_id: str, since: datetime) -> dict[str, tuple[int, datetime]]:
    """For each bot with answers since then: how many, and when the last message came."""
    rows = session().execute(
        select(Message.bot_id, _answered(), func.max(Message.created_at).label("last_at"))
        .where(Message.workspace_id == workspace_id, Message.created_at >= since)
        .group_by(Message.bot_id)
    )
    return {row.bot_id: (row.answered, _aware(row.last_at)) for row in rows}


def tokens_by_provider(workspace_id: str, since: datetime) -> dict[str, int]:
    """Tokens in and out together, by provider, since then."""
    total = func.coalesce(func.sum(Message.tokens_in + Message.tokens_out), 0).label("total")
    rows = session().execute(
        select(Message.provider, total)
        .where(
            Message.workspace_id == workspace_id,
            Message.role == ANSWER,
            Message.created_at >= since,
        )
        .group_by(Message.provider)
    )
    return {row.provider: row.total for row in rows}


def by_day(workspace_id: str, days: int = 30) -> list[Day]:
    """Answers of the last days, oldest first, with a row for every day (UTC)."""
    first = clock.today() - timedelta(days=days - 1)
    day = func.date(Message.created_at).label("day")
    rows = session().execute(
        select(day, _answered(), _failed())
        .where(Message.workspace_id == workspace_id, Message.created_at >= _midnight(first))
        .group_by(day)
    )
    counted = {str(row.day): (row.answered, row.failed) for row in rows}
    return [
        Day(moment, *counted.get(moment.isoformat(), (0, 0)))
        for moment in (first + timedelta(days=offset) for offset in range(days))
    ]


def _totals() -> tuple[ColumnElement[Any], ...]:
    return (
        _answered(),
        _failed(),
        func.coalesce(func.sum(Message.tokens_in), 0).label("tokens_in"),
        func.coalesce(func.sum(Message.tokens_out), 0).label("tokens_out"),
    )


def _answered() -> ColumnElement[int]:
    done = (Message.role == ANSWER) & (Message.status == COMPLETE)
    return func.coalesce(func.sum(case((done, 1), else_=0)), 0).label("answered")


def _failed() -> ColumnElement[int]:
    failed = (Message.role == ANSWER) & Message.status.in_(NOT_ANSWERED)
    return func.coalesce(func.sum(case((failed, 1), else_=0)), 0).label("failed")


def _totals_by_conversation(ids: list[str]) -> Sequence[Row[Any]]:
    return (
        session()
        .execute(
            select(Message.conversation_id, func.count().label("messages"), *_totals())
            .where(Message.conversation_id.in_(ids))
            .group_by(Message.conversation_id)
        )
        .all()
    )


def _first_texts(ids: list[str]) -> dict[str, str]:
    first = (
        select(func.min(Message.created_at))
        .where(Message.conversation_id == Conversation.id, Message.role == VISITOR)
        .correlate(Conversation)
        .scalar_subquery()
    )
    rows = session().execute(
        select(Conversation.id, Message.text)
        .join(Message, Message.conversation_id == Conversation.id)
        .where(Conversation.id.in_(ids), Message.role == VISITOR, Message.created_at == first)
    )
    return {row.id: row.text for row in rows}


def _summary(conversation: Conversation, totals: Row[Any] | None, first_text: str) -> Summary:
    return Summary(
        id=conversation.id,
        bot_id=conversation.bot_id,
        bot_name=conversation.bot.name,
        origin=conversation.origin,
        first_text=first_text,
        started_at=conversation.created_at,
        last_at=conversation.last_message_at or conversation.created_at,
        messages=totals.messages if totals else 0,
        failed=totals.failed if totals else 0,
        tokens_in=totals.tokens_in if totals else 0,
        tokens_out=totals.tokens_out if totals else 0,
    )


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=clock.now().tzinfo)


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=clock.now().tzinfo)
