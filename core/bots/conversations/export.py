"""Exports conversations as rows, read in short steps and never all at once.

No database connection is held while the client downloads.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import select

from core.bots.conversations import reading
from core.bots.conversations import search as conversation_search
from core.bots.conversations.reading import Summary
from core.bots.conversations.search import ConversationFilter, Cursor
from core.bots.models import Conversation, Message
from core.db import session, work_context

AT_A_TIME = 50


@dataclass(frozen=True)
class ExportedMessage:
    """A message with its conversation."""

    conversation: Conversation
    message: Message


def messages(wanted: ConversationFilter) -> Iterator[ExportedMessage]:
    """Every message of the matching conversations: newest conversation first, oldest message first."""
    for ids in _steps(wanted):
        yield from _messages_of(ids)


def summaries(wanted: ConversationFilter) -> Iterator[Summary]:
    """Every matching conversation, newest first."""
    for ids in _steps(wanted):
        with work_context():
            found = reading.in_order(ids)
        yield from found


def _steps(wanted: ConversationFilter) -> Iterator[list[str]]:
    after: Cursor | None = None
    while True:
        with work_context():
            found = conversation_search.step(wanted, after, AT_A_TIME)
        if found.ids:
            yield found.ids
        if (after := found.next) is None:
            return


def _messages_of(ids: list[str]) -> list[ExportedMessage]:
    with work_context():
        rows = session().scalars(select(Conversation).where(Conversation.id.in_(ids)))
        by_id = {conversation.id: conversation for conversation in rows}
        exported: dict[str, list[ExportedMessage]] = {id_: [] for id_ in ids}
        for message in _in_order(ids):
            if conversation := by_id.get(message.conversation_id):
                exported[conversation.id].append(ExportedMessage(conversation, message))
    return [row for rows_of_one in exported.values() for row in rows_of_one]


def _in_order(ids: list[str]) -> list[Message]:
    return list(
        session().scalars(
            select(Message)
            .where(Message.conversation_id.in_(ids))
            .order_by(Message.conversation_id, Message.created_at, Message.id)
        )
    )
