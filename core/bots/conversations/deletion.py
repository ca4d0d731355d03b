"""Deletes conversations, in small steps with pauses: whoever chats meanwhile never waits for it.

What they used stays counted: the days' rows know nothing of conversations. A conversation in which an
answer is being written is left alone.
"""

from collections.abc import Callable, Sequence

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.orm import Session

from core import clock
from core.accounts import audit
from core.accounts.actor import Actor
from core.bots.conversations import search as conversation_search
from core.bots.conversations.search import ConversationFilter
from core.bots.models import PENDING, Conversation, Message
from core.db import session, transaction
from core.errors import Conflict

ROWS = 500
"""So many messages in one transaction: it is over within 50 ms."""
CONVERSATIONS = 100
PAUSE_SECONDS = 0.02
MOST_AT_ONCE = 2_000
"""Conversations that are deleted while somebody waits for it; the page says how many are left."""

Record = Callable[[Session, int], None]


def delete_one(conversation: Conversation, actor: Actor) -> None:
    """Raises `Conflict` while an answer in it is being written."""

    def record(current: Session, count: int) -> None:
        place = (conversation.workspace_id, actor, "conversation.deleted", conversation.id)
        audit.record(current, *place, count=count)

    if not delete_ids([conversation.id], record):
        raise Conflict(
            "An answer is still being written in this conversation. Try again when it’s done."
        )


def delete_matching(wanted: ConversationFilter, actor: Actor, told: dict[str, str]) -> int:
    """Deletes what matches, at most `MOST_AT_ONCE`; how many. `told` is the filter for the audit log."""
    ids: list[str] = []
    for found in conversation_search.every(wanted, CONVERSATIONS):
        ids += _at_rest(found)
        if len(ids) >= MOST_AT_ONCE:
            break

    def record(current: Session, count: int) -> None:
        audit.record(
            current, wanted.workspace_id, actor, "conversation.deleted", count=count, filter=told
        )

    return delete_ids(ids, record)


def delete_ids(ids: Sequence[str], record: Record) -> int:
    """Deletes these, but for those in which an answer is being written; returns how many.

    `record` writes the line of the audit log with that number, in the transaction of the first deletion.
    """
    at_rest = _at_rest(ids)
    unrecorded: list[Record] = [record]
    for start in range(0, len(at_rest), CONVERSATIONS):
        part = at_rest[start : start + CONVERSATIONS]
        while not _is_gone(part, unrecorded, len(at_rest)):
            clock.sleep(PAUSE_SECONDS)
    return len(at_rest)


def delete_all_of_bot(bot_id: str) -> None:
    """All of a bot that is deleted itself next, which is what the audit log says."""
    mine = select(Conversation.id).where(Conversation.bot_id == bot_id).order_by(Conversation.id)
    after = ""
    while ids := list(session().scalars(mine.where(Conversation.id > after).limit(CONVERSATIONS))):
        after = ids[-1]
        delete_ids(ids, lambda *_: None)


def _at_rest(ids: Sequence[str]) -> list[str]:
    """Those of them in which nothing is being written."""
    of_these = Message.conversation_id.in_(list(ids))
    answering = select(Message.conversation_id).where(of_these, Message.status == PENDING)
    busy = set(session().scalars(answering))
    session().commit()
    return [id_ for id_ in ids if id_ not in busy]


def _is_gone(ids: list[str], unrecorded: list[Record], count: int) -> bool:
    """One transaction: at most `ROWS` messages, and, once there are none, the conversations themselves."""
    with transaction() as current:
        of_these = select(Message.id).where(Message.conversation_id.in_(ids)).limit(ROWS)
        gone = _count(current, Message, Message.id.in_(of_these))
        if finished := gone < ROWS:
            _count(current, Conversation, Conversation.id.in_(ids))
        if unrecorded:
            unrecorded.pop()(current, count)
    return finished


def _count(
    current: Session, model: type[Message | Conversation], which: ColumnElement[bool]
) -> int:
    gone = current.execute(
        delete(model).where(which), execution_options={"synchronize_session": False}
    )
    return int(getattr(gone, "rowcount", 0))
