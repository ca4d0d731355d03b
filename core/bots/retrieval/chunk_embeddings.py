"""The vectors of a bot's chunks: made after a source is in place, a batch at a time, by a job of its own.

Nothing waits for them: a chunk without one is found by its words. A job goes on where the last one
ended, since a vector that is there is not asked for again; what failed is taken up by the schedule.
"""

from datetime import timedelta

from redis.exceptions import RedisError
from sqlalchemy import Row, select

from core import queue
from core.accounts.models import Workspace
from core.bots.models import Bot
from core.bots.retrieval import embedding_errors, query_embeddings
from core.bots.retrieval.embedding_errors import CHUNKS
from core.db import session, transaction
from core.errors import Busy
from core.http import Timeouts
from core.keys import store
from core.keys.store import Unusable
from core.knowledge import chunks, sources
from core.knowledge.chunks import UnembeddedChunk
from core.knowledge.models import FAILED, READY, Chunk, Source
from core.log import logger
from core.providers import catalogue
from core.providers.failures import Failure, FailureKind, is_key_fault

BATCH = 32
"""With `meaning.LONGEST_TEXT` characters each, fewer tokens than one request may have."""
BATCHES_A_JOB = 20
"""Then the rest is queued again, behind what was added meanwhile."""
LIMITS = Timeouts(connect_seconds=5, first_byte_seconds=30, stall_seconds=15, total_seconds=45)
PAUSE, LONG_PAUSE = timedelta(minutes=1), timedelta(hours=1)
MOST_AT_ONCE = 20

_JOB_SECONDS = int(BATCHES_A_JOB * LIMITS.total_seconds) + 60
_CLAIMED_SECONDS = 120
_LASTING = (FailureKind.bad_request, FailureKind.malformed, FailureKind.model_unavailable)
"""What the same request would meet in a minute, too."""
log = logger(__name__)


def embed_later(source_id: str, attempt: int) -> None:
    """Queues it, if the bot of this source searches by meaning; without Redis the schedule does later."""
    if _wanted(source_id, attempt) is None:
        return
    try:
        queue.enqueue(
            queue.KNOWLEDGE, "workers.jobs.embed_source", source_id, str(attempt),
            timeout_seconds=_JOB_SECONDS,
        )  # fmt: skip
    except Busy:
        log.warning("embedding_waits_for_the_schedule", source_id=source_id)


def embed_bot_later(bot_id: str) -> None:
    """For all sources, when a bot is switched to searching by meaning."""
    for source in sources.sources_of(bot_id):
        embed_later(source.id, source.attempt)


def run(source_id: str, attempt: int) -> None:
    """Makes the vectors that this source's chunks lack, until none does or something stands against it.

    Of two jobs for one source the second leaves it to the first, so that nothing is paid for twice.
    """
    if not _claim(source_id, first=True):
        return
    for _ in range(BATCHES_A_JOB):
        if not _one_batch(source_id, attempt):
            _unclaim(source_id)
            return
        _claim(source_id, first=False)
    _unclaim(source_id)
    embed_later(source_id, attempt)


def resume_missing() -> int:
    """For the schedule: queues what lacks vectors, unless something stands against it now."""
    if _queue_is_long():
        return 0
    made_by = catalogue.embedding_model().made_by
    lacks = select(Chunk.id).where(
        Chunk.source_id == Source.id, Chunk.position >= 0, Chunk.embedded_by != made_by
    )
    found = session().execute(
        select(Source.id, Source.attempt, Source.workspace_id)
        .join(Bot, Bot.id == Source.bot_id)
        .where(Bot.hybrid, Source.status.in_((READY, FAILED)), lacks.exists())
        .order_by(Source.added_at, Source.id)
    )
    rows = list(found)
    open_to = {place: _may_ask(place) for place in {row.workspace_id for row in rows}}
    due = [row for row in rows if open_to[row.workspace_id]][:MOST_AT_ONCE]
    for row in due:
        embed_later(row.id, row.attempt)
    return len(due)


def _one_batch(source_id: str, attempt: int) -> bool:
    """Whether there may be more to do."""
    place = _wanted(source_id, attempt)
    made_by = catalogue.embedding_model().made_by
    lacking = chunks.unembedded(source_id, made_by, BATCH) if place else []
    if place is None or not lacking:
        return False
    workspace = session().get_one(Workspace, place.workspace_id)
    asked = query_embeddings.embed_query(
        workspace, place.bot_id, [chunk.text for chunk in lacking], LIMITS
    )
    if isinstance(asked, Failure) and not is_key_fault(asked):
        embedding_errors.record(place.workspace_id, CHUNKS, str(asked.kind), _pause(asked))
        log.info("embedding_failed", source_id=source_id, kind=str(asked.kind))
    if isinstance(asked, Failure | Unusable):
        return False
    _keep(place.bot_id, made_by, lacking, [vector.data for vector in asked])
    embedding_errors.clear(place.workspace_id, CHUNKS)
    return True


def _keep(bot_id: str, made_by: str, lacking: list[UnembeddedChunk], data: list[bytes]) -> None:
    """What is found changes with it, so that answers cached before are over."""
    with transaction() as current:
        chunks.store_vectors(
            current, made_by, {one.id: made for one, made in zip(lacking, data, strict=True)}
        )
        sources.mark_changed(current, bot_id)


def _wanted(source_id: str, attempt: int) -> Row[str, str] | None:
    """Where this attempt's chunks are, if its bot searches by meaning and no other has begun."""
    return (
        session()
        .execute(
            select(Source.workspace_id, Source.bot_id)
            .join(Bot, Bot.id == Source.bot_id)
            .where(
                Source.id == source_id,
                Source.attempt == attempt,
                Source.status.in_((READY, FAILED)),
                Bot.hybrid,
            )
        )
        .first()
    )


def _may_ask(workspace_id: str) -> bool:
    before = embedding_errors.last(workspace_id, CHUNKS)
    if before and before.is_resting:
        return False
    workspace = session().get_one(Workspace, workspace_id)
    key = store.find(workspace_id, catalogue.embedding_model().provider)
    return not query_embeddings.unusable_reason(workspace, key)


def _pause(failure: Failure) -> timedelta:
    if failure.kind in _LASTING:
        return LONG_PAUSE
    return min(max(PAUSE, timedelta(seconds=failure.retry_after_seconds or 0)), LONG_PAUSE)


def _claim(source_id: str, first: bool) -> bool:
    """For two minutes; a worker that was killed holds it no longer."""
    try:
        connection = queue.fast_fail_redis()
        return bool(connection.set(_claim_key(source_id), "1", nx=first, ex=_CLAIMED_SECONDS))
    except RedisError:
        return True


def _unclaim(source_id: str) -> None:
    try:
        queue.fast_fail_redis().delete(_claim_key(source_id))
    except RedisError:
        log.warning("embedding_claim_left", source_id=source_id)


def _claim_key(source_id: str) -> str:
    return f"embedding:{source_id}"


def _queue_is_long() -> bool:
    """Or away: what waits is in it already."""
    try:
        return queue.waiting(queue.KNOWLEDGE) >= 50
    except Busy:
        return True
