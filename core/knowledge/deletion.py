"""Deletes all that a bot knows before the bot itself goes, a few rows at a time: nobody waits for it.

Left to the database, it would go with the bot in one transaction: of a hundred thousand chunks that
is one of many seconds, in which no answer of any bot can be stored.
"""

from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from core.db import session, transaction
from core.knowledge import chunks, unanswered
from core.knowledge.models import REMOVED, Chunk, Source, Unanswered

ROWS = 100
"""Chunks in one transaction: some 10 ms."""
_QUIETLY: dict[str, Any] = {"synchronize_session": False}


def delete_all_of_bot(bot_id: str) -> None:
    """If this ends halfway, the bot knows less, nothing more is read, and the schedule clears the rest."""
    with transaction() as current:
        mark_removed(current, bot_id)
    for source_id in list(session().scalars(select(Source.id).where(Source.bot_id == bot_id))):
        _clear(source_id)
    unanswered.delete_where(Unanswered.bot_id == bot_id)


def mark_removed(current: Session, bot_id: str) -> None:
    """From here on no indexing writes to these, and nobody sees them."""
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
