"""Deletes a bot's knowledge before the bot itself, a few rows at a time.

A cascade would delete it in one transaction: with 100,000 chunks that takes many seconds, during which no
answer of any bot could be stored.
"""

from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from core.db import session, transaction
from core.knowledge import chunks, unanswered
from core.knowledge.models import REMOVED, Chunk, Source, Unanswered

ROWS = 100
"""Chunks deleted per transaction, which takes about 10 ms."""
_QUIETLY: dict[str, Any] = {"synchronize_session": False}


def delete_all_of_bot(bot_id: str) -> None:
    """Deletes all sources and unanswered questions. If interrupted, the schedule deletes the rest."""
    with transaction() as current:
        mark_removed(current, bot_id)
    for source_id in list(session().scalars(select(Source.id).where(Source.bot_id == bot_id))):
        _clear(source_id)
    unanswered.delete_where(Unanswered.bot_id == bot_id)


def mark_removed(current: Session, bot_id: str) -> None:
    """Marks the sources as removed: they are no longer shown, and running indexing stops."""
    removed = update(Source).where(Source.bot_id == bot_id, Source.status != REMOVED)
    current.execute(
        removed.values(status=REMOVED, attempt=Source.attempt + 1), execution_options=_QUIETLY
    )


def _clear(source_id: str) -> None:
    some = select(Chunk.id).where(Chunk.source_id == source_id).limit(ROWS)
    while ids := list(session().scalars(some)):
        with transaction() as current:
            current.execute(delete(Chunk).where(Chunk.id.in_(ids)), execution_options=_QUIETLY)
        chunks.pause()
    with transaction() as current:
        current.execute(delete(Source).where(Source.id == source_id), execution_options=_QUIETLY)
