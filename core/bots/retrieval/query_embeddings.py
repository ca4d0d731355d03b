"""Semantic search: embeds questions with the workspace's own key at the embedding model's provider.

It never blocks an answer. If it isn't possible (plan, key, credit, time), there is no vector: the search
uses words alone, and the knowledge page says why. A key that the provider refuses here is handled as in
a live answer.
"""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy.exc import SQLAlchemyError

from core.accounts.models import Workspace
from core.bots.models import Bot
from core.bots.retrieval import embedding_errors
from core.bots.retrieval.embedding_errors import QUESTIONS
from core.db import release, transaction
from core.errors import Invalid, MevichatError, PlanDoesNotAllow
from core.http import Timeouts
from core.keys import checks, live_refusals, store
from core.keys.models import ProviderKey
from core.keys.store import Unusable, Usable
from core.knowledge import chunks, vectors
from core.knowledge.vectors import Vector
from core.log import logger
from core.providers import catalogue, endpoints
from core.providers.catalogue import EmbeddingModel
from core.providers.embeddings import Embeddings, embed
from core.providers.failures import Failure, is_key_fault
from core.usage import counting

MAX_TEXT_LENGTH = 2_000
"""Characters sent of each text: at most 8,000 bytes and tokens, less than any model's limit."""
QUESTION_LIMITS = Timeouts(
    connect_seconds=1, first_byte_seconds=2, stall_seconds=1, total_seconds=2
)
QUESTION_PAUSE = timedelta(seconds=30)
"""How long questions are searched by words alone after a failure, so that visitors don't wait again."""
LONGEST_PAUSE = timedelta(hours=1)
MODEL_REFUSED = "model_refused"

log = logger(__name__)


def unavailable_reason(workspace: Workspace, key: ProviderKey | None) -> str:
    """Why semantic search can't be enabled, as a sentence; "" if it can.

    A key that doesn't work at the moment is no reason: it may be fixed later.
    """
    name = catalogue.provider(catalogue.embedding_model().provider).name
    try:
        checks.require_plan(workspace)
    except PlanDoesNotAllow as error:
        return error.message
    if key is None:
        return (
            f"This needs an {name} key, and this workspace has none. Add one under Provider keys."
        )
    return ""


def require(workspace: Workspace) -> None:
    """Raises `Invalid` if semantic search can't be enabled."""
    why = unavailable_reason(
        workspace, store.find(workspace.id, catalogue.embedding_model().provider)
    )
    if why:
        raise Invalid(why, field="hybrid")


def unusable_reason(workspace: Workspace, key: ProviderKey | None) -> str:
    """The first reason why no embeddings can be requested now, or ""."""
    refused = key is not None and catalogue.embedding_model().id in key.unavailable_models
    return store.unusable_reason(key, workspace) or (MODEL_REFUSED if refused else "")


def embed_questions(bot: Bot, texts: Sequence[str]) -> list[Vector | None]:
    """The vector of each text, or None for all of them if there are none. Takes at most two seconds."""
    without: list[Vector | None] = [None] * len(texts)
    model = catalogue.embedding_model()
    if not bot.hybrid or not any(text.strip() for text in texts):
        return without
    before = embedding_errors.last(bot.workspace_id, QUESTIONS)
    if (before and before.is_resting) or not chunks.any_embedded(bot.id, model.made_by):
        return without
    vectors_or_failure = embed_query(bot.workspace, bot.id, texts, QUESTION_LIMITS)
    if isinstance(vectors_or_failure, Failure) and not is_key_fault(vectors_or_failure):
        embedding_errors.record(
            bot.workspace_id, QUESTIONS, str(vectors_or_failure.kind), _pause(vectors_or_failure)
        )
    if isinstance(vectors_or_failure, Failure | Unusable):
        return without
    if before:
        embedding_errors.clear(bot.workspace_id, QUESTIONS)
    return [*vectors_or_failure]


def embed_query(
    workspace: Workspace, bot_id: str, texts: Sequence[str], limits: Timeouts
) -> list[Vector] | Failure | Unusable:
    """The vectors of these texts, in order. Holds no database connection during the request."""
    model = catalogue.embedding_model()
    if reason := unusable_reason(workspace, store.find(workspace.id, model.provider)):
        return Unusable(reason)
    found = store.use(workspace, model.provider)
    if isinstance(found, Unusable):
        return found
    key, secret = found
    release()
    answer = embed(
        endpoints.endpoint(model.provider), secret, model.model.upstream_id,
        [text[:MAX_TEXT_LENGTH] for text in texts], model.dimensions, limits,
    )  # fmt: skip
    _record_request(workspace.id, bot_id, key, model, answer)
    if isinstance(answer, Failure):
        return answer
    return [
        Vector(model.made_by, vectors.packed(numbers), model.close_from)
        for numbers in answer.vectors
    ]


def _record_request(
    workspace_id: str, bot_id: str, key: Usable, model: EmbeddingModel, answer: Embeddings | Failure
) -> None:
    """Counts the tokens and the key's use, and records a refused key. Never raises."""
    failure = answer if isinstance(answer, Failure) else None
    tokens = answer.tokens_in if isinstance(answer, Embeddings) else None
    try:
        with transaction() as current:
            store.record_used(current, key.key_id, failed=failure is not None)
            if tokens:
                usage_key = workspace_id, bot_id, model.provider, model.id, key.key_id
                counting.count(current, *usage_key, tokens_in=tokens)
    except (MevichatError, SQLAlchemyError) as error:
        log.error("embedding_not_counted", workspace_id=workspace_id, error=type(error).__name__)
    if failure and live_refusals.record(key, failure, model.id):
        live_refusals.queue_confirmation(key, model.id)


def _pause(failure: Failure) -> timedelta:
    """At least half a minute, or what the provider's Retry-After says."""
    retry_after = timedelta(seconds=min(failure.retry_after_seconds or 0, 3_600))
    return min(max(QUESTION_PAUSE, retry_after), LONGEST_PAUSE)
