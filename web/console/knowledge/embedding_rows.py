"""Semantic search in words: its price, its progress, and why it doesn't work now."""

from dataclasses import dataclass

from core.accounts.models import Workspace
from core.bots.answers import failure_messages
from core.bots.answers.failure_messages import Reason
from core.bots.models import Bot
from core.bots.retrieval import embedding_errors, query_embeddings
from core.bots.retrieval.embedding_errors import CHUNKS, QUESTIONS, EmbeddingError
from core.bots.retrieval.query_embeddings import MODEL_REFUSED
from core.keys.models import ProviderKey
from core.knowledge import chunks
from core.providers import catalogue
from web.console import request_cache
from web.page_context import grouped

WORDS_ALONE = "Keyword search only. "
_OWN = {
    Reason.plan_without_keys: "This workspace’s plan doesn’t include provider keys.",
    MODEL_REFUSED: "Your {provider} key doesn’t have access to {model}. Allow it there, then test the key.",
}


@dataclass(frozen=True)
class Offer:
    """For the checkbox. `why_not` is a sentence; "" if semantic search can be enabled."""

    why_not: str
    provider: str
    price: str


@dataclass(frozen=True)
class Standing:
    """For the knowledge page.

    `moves` while embeddings are being created; `by_key` if the key needs fixing.
    """

    kind: str
    sentence: str
    moves: bool = False
    by_key: bool = False


def offer(workspace: Workspace) -> Offer:
    model = catalogue.embedding_model().model
    dollars = model.price_in_microusd_per_mtok / 1_000_000
    return Offer(
        query_embeddings.unavailable_reason(workspace, _key(workspace)),
        catalogue.provider(model.provider).name,
        f"{model.name}, ${dollars:.2f} per million tokens",
    )


def standing(workspace: Workspace, bot: Bot) -> Standing | None:
    """The status of semantic search for the bot; None if it is disabled, or the bot has no knowledge."""
    if not bot.hybrid:
        return None
    if reason := query_embeddings.unusable_reason(workspace, _key(workspace)):
        return Standing("warning", WORDS_ALONE + _sentence(reason), by_key=True)
    done, total = chunks.embedding_counts(bot.id, catalogue.embedding_model().made_by)
    if not total:
        return None
    if done < total:
        return _unfinished(done, total, embedding_errors.last(workspace.id, CHUNKS))
    if last := embedding_errors.last(workspace.id, QUESTIONS):
        text = "Your last question used keyword search only. "
        return Standing("warning", text + _sentence(last.reason))
    return Standing("good", "All chunks are in the semantic index.")


def why_keyword_only(workspace: Workspace, bot: Bot) -> str:
    """Why the last search used keywords only; "" if that was not a failure."""
    if not bot.hybrid:
        return ""
    reason = query_embeddings.unusable_reason(workspace, _key(workspace))
    last = None if reason else embedding_errors.last(workspace.id, QUESTIONS)
    if reason or last:
        return WORDS_ALONE + _sentence(reason or (last.reason if last else ""))
    return WORDS_ALONE + "No embeddings yet."


def _unfinished(done: int, total: int, trouble: EmbeddingError | None) -> Standing:
    progress = f"{grouped(done)} of {grouped(total)} chunks are in the semantic index"
    if trouble is None:
        return Standing("info", f"{progress}; the rest follow automatically.", moves=True)
    return Standing(
        "warning", f"{progress}. {_sentence(trouble.reason)} Mevichat retries automatically."
    )


def _sentence(reason: str) -> str:
    model = catalogue.embedding_model().model
    if reason in _OWN:
        provider = catalogue.provider(model.provider).name
        return _OWN[reason].format(provider=provider, model=model.name)
    return failure_messages.for_owner(reason, model.id, model.provider)


def _key(workspace: Workspace) -> ProviderKey | None:
    provider = catalogue.embedding_model().provider
    return next((key for key in request_cache.keys_of(workspace) if key.provider == provider), None)
