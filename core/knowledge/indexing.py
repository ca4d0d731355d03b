"""Indexes a source: reads it, splits it into chunks and publishes them in one step; restarts lost attempts.

Each write names the attempt: once a newer one has started, or the source is deleted, this one writes
nothing more. The previous chunks stay searchable until the last step, and also if indexing fails.
"""

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import islice
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from core import clock, queue
from core.accounts.models import Workspace
from core.db import changed_one, release, session, transaction, work_context
from core.errors import Busy
from core.knowledge import allowance, chunking, chunks, memory, sources
from core.knowledge.chunking import Piece
from core.knowledge.models import (
    FAILED,
    READING,
    READY,
    REMOVED,
    WAITING,
    Chunk,
    Source,
    SourceContent,
)
from core.knowledge.reading import Progress, Refused, Superseded, read
from core.knowledge.reading.sections import TOO_LATE
from core.log import logger

HEARTBEAT_SECONDS = 2.0
LOST_AFTER = timedelta(seconds=60)
"""An attempt without a heartbeat for this long has lost its worker."""
WAITED_TOO_LONG = timedelta(minutes=5)
RESTARTED = (
    "",
    "Restarted because the worker stopped (attempt 2 of 3).",
    "Restarted because the worker stopped (attempt 3 of 3).",
)
"""What `Source.reason` says while a source is read for the first, second, third time."""

_GAVE_UP = (
    "The worker stopped three times while reading this. It may need more memory than is available. "
    "Split it into smaller parts."
)
_NO_TEXT = "This source contains no text."
_FAILED = "Something went wrong while reading this. Save it in another format and add it again."
log = logger(__name__)


def run(source_id: str, attempt: int) -> None:
    """Indexes the source, unless another worker has claimed it. A failure is stored as its `reason`."""
    source = _claim(source_id, attempt)
    if source is None:
        return
    progress = Progress()
    chunks.clear(source.id)
    with _heartbeat(source, progress):
        try:
            with memory.bounded():
                _index(source, progress)
        except Superseded:
            log.info("indexing_superseded", source_id=source_id, attempt=attempt)
        except Refused as error:
            _fail(source, error.message)
        except Exception:  # RQ's time limit too, which strikes in the middle of anything
            log.exception("indexing_failed", source_id=source_id)
            _fail(source, TOO_LATE if progress.is_late else _FAILED)
    chunks.clear(source.id)


def clear_removed(source_id: str) -> None:
    """Deletes the rows of a removed source: its chunks a few at a time, then the source."""
    removed = Source.id == source_id, Source.status == REMOVED
    if session().scalar(select(Source.id).where(*removed)) is None:
        return
    chunks.clear(source_id)
    with transaction() as current:
        current.execute(delete(Source).where(*removed).execution_options(**_QUIETLY))


def resume_lost() -> int:
    """For the schedule: restarts attempts that lost their worker (up to three attempts) or their job."""
    if not _has_room():
        return 0
    lost = list(session().scalars(_overdue(READING, LOST_AFTER)))
    waiting = list(session().scalars(_overdue(WAITING, WAITED_TOO_LONG)))
    removed = list(session().scalars(select(Source.id).where(Source.status == REMOVED).limit(20)))
    again = [source for source in lost if _restart(source)]
    again += [source for source in waiting if _still_waits(source)]
    for source in again:
        sources.index_later(sources.get(source.workspace_id, source.id))
    for source_id in removed:
        sources.clear_later(source_id)
    return len(again) + len(removed)


def clear_left_over() -> int:
    """For the schedule: deletes hidden chunks that interrupted indexing left behind."""
    left = (
        select(Source.id)
        .where(Source.status.in_((READY, FAILED)))
        .where(select(Chunk.id).where(Chunk.source_id == Source.id, Chunk.position < 0).exists())
    )
    found = list(session().scalars(left))
    for source_id in found:
        chunks.clear(source_id)
    return len(found)


def _claim(source_id: str, attempt: int) -> Source | None:
    now = clock.now()
    with transaction() as current:
        ours = update(Source).where(
            Source.id == source_id, Source.attempt == attempt, Source.status == WAITING
        )
        if not changed_one(current, ours.values(status=READING, alive_at=now)):
            return None
    return session().get(Source, source_id, populate_existing=True)


def _index(source: Source, progress: Progress) -> None:
    workspace = session().get_one(Workspace, source.workspace_id)
    stored = session().get(SourceContent, source.id)
    data, most = stored.data if stored else b"", workspace.plan.sitemap_pages
    release()
    found = read(source, data, progress, private=sources.private_hosts(), most_pages=most)
    count, characters = _write_chunks(source, chunking.pieces(found, source.title), progress)
    if not count:
        raise Refused(progress.left_out or _NO_TEXT)
    _publish(source, workspace, progress, count, characters)


def _write_chunks(source: Source, pieces: Iterator[Piece], progress: Progress) -> tuple[int, int]:
    """Writes all chunks, hidden. Returns their number and their total characters."""
    count = characters = 0
    for batch in _batches(pieces):
        if count + len(batch) > chunks.MOST_CHUNKS:
            raise Refused("This has too many short sections. Split it into smaller parts.")
        with transaction() as current:
            _record(current, source, alive_at=clock.now())
            chunks.add_hidden(current, source.id, source.bot_id, source.attempt, count, batch)
        count += len(batch)
        characters += sum(len(piece.body) for piece in batch)
        chunks.pause()
        progress.step(progress.done, progress.total)
    return count, characters


def _batches(pieces: Iterable[Piece]) -> Iterator[list[Piece]]:
    waiting = iter(pieces)
    while batch := list(islice(waiting, chunks.BATCH)):
        yield batch


def _publish(
    source: Source, workspace: Workspace, progress: Progress, count: int, characters: int
) -> None:
    with transaction() as current:
        why = allowance.over_limit_reason(current, workspace, source.id, characters)
        if why:
            raise Refused(why)
        _record(
            current, source, status=READY, reason=progress.left_out[:300], chunks=count,
            characters=characters, done=progress.total, total=progress.total,
            indexed_at=clock.now(),
        )  # fmt: skip
        chunks.publish(current, source.id, source.attempt)
        sources.mark_changed(current, source.bot_id)


def _fail(source: Source, reason: str) -> None:
    """Records the failure. The previous chunks stay, and the reason says so."""
    session().rollback()
    kept = " The previous version is still in use." if source.chunks else ""
    try:
        with transaction() as current:
            _record(current, source, status=FAILED, reason=(reason + kept)[:300])
    except Superseded:
        return


def _record(current: Session, source: Source, **values: Any) -> None:
    """An update by this attempt, of a source that it still reads. Raises `Superseded`."""
    ours = update(Source).where(
        Source.id == source.id, Source.attempt == source.attempt, Source.status == READING
    )
    if not changed_one(current, ours.values(**values).execution_options(**_QUIETLY)):
        raise Superseded


@contextmanager
def _heartbeat(source: Source, progress: Progress) -> Iterator[None]:
    """A heartbeat thread that reports progress and that the worker is alive."""
    over = threading.Event()

    def beat() -> None:
        while not over.wait(HEARTBEAT_SECONDS):
            try:
                with work_context(), transaction() as current:
                    done, total = progress.done, progress.total
                    _record(current, source, alive_at=clock.now(), done=done, total=total)
            except Superseded:
                progress.superseded = True
                return
            except (Busy, MemoryError):
                continue

    thread = threading.Thread(target=beat, name=f"heartbeat-{source.id}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _overdue(status: str, after: timedelta) -> Any:
    late = clock.now() - after
    return select(Source).where(Source.status == status, Source.alive_at < late).limit(50)


def _restart(source: Source) -> bool:
    """Starts the next attempt of a lost source; after the third it has failed."""
    tries = RESTARTED.index(source.reason) + 1 if source.reason in RESTARTED else 1
    values: dict[str, Any] = {"status": FAILED, "reason": _GAVE_UP}
    if tries < len(RESTARTED):
        values = {"status": WAITING, "reason": RESTARTED[tries], "attempt": Source.attempt + 1}
    with transaction() as current:
        restarted = changed_one(current, _same(source).values(alive_at=clock.now(), **values))
    return restarted and tries < len(RESTARTED)


def _still_waits(source: Source) -> bool:
    with transaction() as current:
        return changed_one(current, _same(source).values(alive_at=clock.now()))


def _same(source: Source) -> Any:
    return (
        update(Source)
        .where(
            Source.id == source.id,
            Source.attempt == source.attempt,
            Source.status == source.status,
            Source.alive_at == source.alive_at,
        )
        .execution_options(**_QUIETLY)
    )


def _has_room() -> bool:
    """False while the queue is long: waiting sources are already queued then."""
    try:
        return queue.waiting(queue.KNOWLEDGE) < 50
    except Busy:
        return False


_QUIETLY: dict[str, Any] = {"synchronize_session": False}
