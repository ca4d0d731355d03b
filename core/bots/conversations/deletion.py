"""Deletes conversations in small steps with pauses, so that running chats never wait for it.

Their usage stays counted. A conversation in which an answer is being written is skipped.
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
"""Messages deleted per transaction, which takes less than 50 ms."""
CONVERSATIONS = 100
PAUSE_SECONDS = 0.02
MOST_AT_ONCE = 2_000
"""Conversations deleted in one request; the page says how many are left."""

Record = Callable[[Session, int], None]


def delete_one(conversation: Conversation, actor: Actor) -> None:
    """Deletes one conversation. Raises `Conflict` while an answer in it is being written."""

    def record(current: Session, count: int) -> None:
        entry = (conversation.workspace_id, actor, "conversation.deleted", conversation.id)
        audit.record(current, *entry, count=count)

    if not delete_ids([conversation.id], record):
        raise Conflict(
            "An answer is still being written in this conversation. Try again when it’s done."
        )


def delete_matching(wanted: ConversationFilter, actor: Actor, filter_shown: dict[str, str]) -> int:
    """Deletes up to `MOST_AT_ONCE` matches; returns how many. `filter_shown` is recorded in the audit log."""
    ids: list[str] = []
    for found in conversation_search.every(wanted, CONVERSATIONS):
        ids += _idle(found)
        if len(ids) >= MOST_AT_ONCE:
            break

    def record(current: Session, count: int) -> None:
        audit.record(
            current,
            wanted.workspace_id,
            actor,
            "conversation.deleted",
            count=count,
            filter=filter_shown,
        )

    return delete_ids(ids, record)


def delete_ids(ids: Sequence[str], record: Record) -> int:
    """Deletes these, except those in which an answer is being written; returns how many.

    `record` writes the audit entry with that number, in the transaction of the first deletion.
    """
    idle = _idle(ids)
    unrecorded: list[Record] = [record]
    for start in range(0, len(idle), CONVERSATIONS):
        part = idle[start : start + CONVERSATIONS]
        while not _delete_step(part, unrecorded, len(idle)):
            clock.sleep(PAUSE_SECONDS)
    return len(idle)


def delete_all_of_bot(bot_id: str) -> None:
    """Deletes all conversations of a bot. The audit entry is that of the bot's deletion."""
    mine = select(Conversation.id).where(Conversation.bot_id == bot_id).order_by(Conversation.id)
    after = ""
    while ids := list(session().scalars(mine.where(Conversation.id > after).limit(CONVERSATIONS))):
        after = ids[-1]
        delete_ids(ids, lambda *_: None)


def _idle(ids: Sequence[str]) -> list[str]:
    """Those in which no answer is being written."""
    of_these = Message.conversation_id.in_(list(ids))
    answering = select(Message.conversation_id).where(of_these, Message.status == PENDING)
    busy = set(session().scalars(answering))
    session().commit()
    return [id_ for id_ in ids if id_ not in busy]


def _delete_step(ids: list[str], unrecorded: list[Record], count: int) -> bool:
    """One transaction: deletes up to `ROWS` messages, then the conversations. Returns whether it is done."""
    with transaction() as current:
        of_these = select(Message.id).where(Message.conversation_id.in_(ids)).limit(ROWS)
        gone = _delete(current, Message, Message.id.in_(of_these))
        if finished := gone < ROWS:
            _delete(current, Conversation, Conversation.id.in_(ids))
        if unrecorded:
            unrecorded.pop()(current, count)
    return finished


def _delete(
    current: Session, model: type[Message | Conversation], which: ColumnElement[bool]
) -> int:
    gone = current.execute(
        delete(model).where(which), execution_options={"synchronize_session": False}
    )
    return int(getattr(gone, "rowcount", 0))
