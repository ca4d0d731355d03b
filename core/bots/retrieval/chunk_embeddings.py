"""Embeds a bot's chunks for semantic search, in batches, in a separate job after a source is indexed.

Nothing waits for it: a chunk without an embedding is found by its words. A job continues where the last
one stopped, since existing embeddings are never requested again; the schedule retries what failed.
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
"""At `query_embeddings.MAX_TEXT_LENGTH` characters each, within the token limit of one request."""
BATCHES_A_JOB = 20
"""After these the rest is queued again, behind newer jobs."""
LIMITS = Timeouts(connect_seconds=5, first_byte_seconds=30, stall_seconds=15, total_seconds=45)
PAUSE, LONG_PAUSE = timedelta(minutes=1), timedelta(hours=1)
MOST_AT_ONCE = 20

_JOB_SECONDS = int(BATCHES_A_JOB * LIMITS.total_seconds) + 60
_CLAIMED_SECONDS = 120
_LASTING = (FailureKind.bad_request, FailureKind.malformed, FailureKind.model_unavailable)
"""Failures that the same request would get again a minute later."""
log = logger(__name__)


def embed_later(source_id: str, attempt: int) -> None:
    """Queues the job if the source's bot uses semantic search. Without Redis the schedule does it later."""
    if _embeddable(source_id, attempt) is None:
        return
    try:
        queue.enqueue(
            queue.KNOWLEDGE, "workers.jobs.embed_source", source_id, str(attempt),
            timeout_seconds=_JOB_SECONDS,
        )  # fmt: skip
    except Busy:
        log.warning("embedding_waits_for_the_schedule", source_id=source_id)


def embed_bot_later(bot_id: str) -> None:
    """Queues all sources of a bot for which semantic search was just enabled."""
    for source in sources.sources_of(bot_id):
        embed_later(source.id, source.attempt)


def run(source_id: str, attempt: int) -> None:
    """Embeds this source's chunks until all have an embedding or a request fails.

    If two jobs run for one source, the second stops, so that nothing is paid for twice.
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
    """For the schedule: queues sources with chunks that lack embeddings, where they can be requested now."""
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
    can_request = {id_: _can_request(id_) for id_ in {row.workspace_id for row in rows}}
    due = [row for row in rows if can_request[row.workspace_id]][:MOST_AT_ONCE]
    for row in due:
        embed_later(row.id, row.attempt)
    return len(due)


def _one_batch(source_id: str, attempt: int) -> bool:
    """Whether there may be more to do."""
    target = _embeddable(source_id, attempt)
    made_by = catalogue.embedding_model().made_by
    missing = chunks.unembedded(source_id, made_by, BATCH) if target else []
    if target is None or not missing:
        return False
    workspace = session().get_one(Workspace, target.workspace_id)
    result = query_embeddings.embed_query(
        workspace, target.bot_id, [chunk.text for chunk in missing], LIMITS
    )
    if isinstance(result, Failure) and not is_key_fault(result):
        embedding_errors.record(target.workspace_id, CHUNKS, str(result.kind), _pause(result))
        log.info("embedding_failed", source_id=source_id, kind=str(result.kind))
    if isinstance(result, Failure | Unusable):
        return False
    _store(target.bot_id, made_by, missing, [vector.data for vector in result])
    embedding_errors.clear(target.workspace_id, CHUNKS)
    return True


def _store(bot_id: str, made_by: str, missing: list[UnembeddedChunk], data: list[bytes]) -> None:
    """Stores the vectors. Search results change with them, so cached answers are invalidated."""
    with transaction() as current:
        chunks.store_vectors(
            current, made_by, {one.id: made for one, made in zip(missing, data, strict=True)}
        )
        sources.mark_changed(current, bot_id)


def _embeddable(source_id: str, attempt: int) -> Row[str, str] | None:
    """Workspace and bot of this attempt, if the bot uses semantic search and no newer attempt exists."""
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


def _can_request(workspace_id: str) -> bool:
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
    """Claims the source for two minutes, so that a killed worker doesn't block it for longer."""
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
    """Also true without Redis. Waiting sources are already queued then."""
    try:
        return queue.waiting(queue.KNOWLEDGE) >= 50
    except Busy:
        return True
