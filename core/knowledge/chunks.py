"""The chunks of a source in the database: written hidden, published in one step, deleted a few at a time.

Each write is small, because SQLite has one writer and answers must not wait for indexing. A chunk's
`position` says whether it is searchable: 0 and up is published; a negative one is either waiting for its
attempt to be published, or `GONE`. Changing the position doesn't touch the full-text index.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, delete, func, insert, select, update
from sqlalchemy.orm import Session

from core.db import session, transaction
from core.knowledge.chunking import Piece
from core.knowledge.models import Chunk

GONE = -1
MOST_CHUNKS = 20_000
BATCH = 40
PAUSE_SECONDS = 0.02
"""Between two batches. Waiters for SQLite's lock poll every 10 ms."""


def of_source(source_id: str) -> list[Chunk]:
    """The published chunks, in order."""
    rows = session().scalars(
        select(Chunk)
        .where(Chunk.source_id == source_id, Chunk.position >= 0)
        .order_by(Chunk.position)
    )
    return list(rows)


def next_of_source(source_id: str, after: int, size: int) -> list[Chunk]:
    """At most `size` published chunks after the position `after`."""
    rows = session().scalars(
        select(Chunk)
        .where(Chunk.source_id == source_id, Chunk.position > max(after, -1))
        .order_by(Chunk.position)
        .limit(size)
    )
    return list(rows)


def any_of_bot(bot_id: str) -> bool:
    found = select(Chunk.id).where(Chunk.bot_id == bot_id, Chunk.position >= 0).limit(1)
    return session().scalar(found) is not None


@dataclass(frozen=True)
class UnembeddedChunk:
    """A chunk without an embedding; `text` is what to embed."""

    id: int
    text: str


def unembedded(source_id: str, made_by: str, size: int) -> list[UnembeddedChunk]:
    """The first published chunks without an embedding by this model."""
    rows = session().execute(
        select(Chunk.id, Chunk.title, Chunk.path, Chunk.body)
        .where(Chunk.source_id == source_id, Chunk.position >= 0, Chunk.embedded_by != made_by)
        .order_by(Chunk.position)
        .limit(size)
    )
    return [UnembeddedChunk(row.id, f"{row.path}\n{row.title}\n{row.body}".strip()) for row in rows]


def store_vectors(current: Session, made_by: str, data: Mapping[int, bytes]) -> None:
    """Stores embeddings by chunk id. Chunks that were replaced since are skipped."""
    if data:
        statement = update(Chunk).where(Chunk.id == bindparam("of"), Chunk.position >= 0)
        current.connection().execute(
            statement.values(embedding=bindparam("made"), embedded_by=made_by),
            [{"of": id_, "made": made} for id_, made in data.items()],
        )


def any_embedded(bot_id: str, made_by: str) -> bool:
    """Whether any published chunk has an embedding by this model."""
    found = select(Chunk.id).where(
        Chunk.bot_id == bot_id, Chunk.position >= 0, Chunk.embedded_by == made_by
    )
    return session().scalar(found.limit(1)) is not None


def embedding_counts(bot_id: str, made_by: str) -> tuple[int, int]:
    """How many published chunks have an embedding by this model, and how many there are."""
    with_one = func.count().filter(Chunk.embedded_by == made_by)
    row = (
        session()
        .execute(select(with_one, func.count()).where(Chunk.bot_id == bot_id, Chunk.position >= 0))
        .one()
    )
    return row[0], row[1]


def add_hidden(
    current: Session, source_id: str, bot_id: str, attempt: int, first: int, pieces: Sequence[Piece]
) -> None:
    """Writes the pieces of an attempt, of which the first is its number `first`."""
    rows = [
        {
            "source_id": source_id,
            "bot_id": bot_id,
            "position": _unseen(attempt, first + number),
            "title": piece.title,
            "path": piece.path,
            "body": piece.body,
            "url": piece.url,
            "embedded_by": "",
        }
        for number, piece in enumerate(pieces)
    ]
    if rows:
        current.execute(insert(Chunk), rows)


def publish(current: Session, source_id: str, attempt: int) -> None:
    """Replaces the published chunks with those of an attempt."""
    hide(current, source_id)
    last, first = _unseen(attempt, MOST_CHUNKS), _unseen(attempt, 0)
    shown = _move(source_id, Chunk.position.between(last, first))
    current.execute(shown.values(position=first - Chunk.position))


def hide(current: Session, source_id: str) -> None:
    """Hides all chunks of this source from searches."""
    current.execute(_move(source_id, Chunk.position >= 0).values(position=GONE))


def clear(source_id: str, but_attempt: int = 0) -> None:
    """Deletes hidden chunks, except those that `but_attempt` is writing, in short transactions."""
    last, first = _unseen(but_attempt, MOST_CHUNKS), _unseen(but_attempt, 0)
    over = select(Chunk.id).where(
        Chunk.source_id == source_id, Chunk.position < 0, ~Chunk.position.between(last, first)
    )
    while ids := list(session().scalars(over.limit(BATCH))):
        with transaction() as current:
            current.execute(delete(Chunk).where(Chunk.id.in_(ids)), _QUIETLY)
        pause()


def pause() -> None:
    """Lets other writers in."""
    time.sleep(PAUSE_SECONDS)


_QUIETLY: dict[str, Any] = {"synchronize_session": False}


def _unseen(attempt: int, number: int) -> int:
    """The position of an attempt's chunk while it waits: below `GONE`, each attempt in its own range."""
    return -2 - attempt * (MOST_CHUNKS + 1) - number


def _move(source_id: str, which: Any) -> Any:
    moved = update(Chunk).where(Chunk.source_id == source_id, which)
    return moved.execution_options(synchronize_session=False)
