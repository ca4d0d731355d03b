"""Test search: what a question finds in a bot's knowledge and why. The real search, without a model call."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.bots.models import Bot
from core.bots.retrieval import grounding, query_embeddings
from core.bots.retrieval.small_talk import is_small_talk
from core.knowledge import full_text, search, sources
from core.knowledge.search import Found
from core.knowledge.stems import stem, words_of
from core.knowledge.terms import terms_of
from web.console.knowledge import embedding_rows

LONGEST_QUESTION = 500
LISTED = 10


@dataclass(frozen=True)
class Term:
    word: str
    is_known: bool
    """Whether the word occurs anywhere in the bot's knowledge."""


@dataclass(frozen=True)
class Hit:
    source_id: str
    source_title: str
    heading: str
    body: str
    score: str
    parts: list[tuple[str, str]]
    matched: int
    wanted: int
    words: list[str]
    """The words of the question that occur in the chunk."""
    is_used: bool


@dataclass(frozen=True)
class SearchResult:
    kind: str
    sentence: str
    terms: list[Term]
    found: list[Hit]
    no_semantic_reason: str = ""
    """Why a bot with semantic search used keyword search only this time."""


def try_out(bot: Bot, question: str) -> SearchResult:
    """The chunks that would be used, the ones that just miss, and the words that occur nowhere."""
    terms = terms_of(question)
    if is_small_talk(question):
        return SearchResult("info", "Small talk: no search needed.", [], [])
    (vector,) = query_embeddings.embed_questions(bot, [question])
    listed = search.find(bot.id, question, LISTED, vector)
    used = grounding.merge_results([listed[: grounding.MAX_CHUNKS]])
    return SearchResult(
        "good" if used else "warning",
        _verdict(bot, len(used), len(listed)),
        [
            Term(word, count > 0)
            for word, count in zip(terms, full_text.frequencies(bot.id, terms), strict=True)
        ]
        if terms
        else [],
        _hits(bot, listed, {chunk.chunk_id for chunk in used}, terms),
        "" if vector else embedding_rows.why_keyword_only(bot.workspace, bot),
    )


def _verdict(bot: Bot, used: int, listed: int) -> str:
    if used:
        chunks = "this chunk" if used == 1 else f"these {used} chunks"
        return f"{bot.name} will use {chunks} (as many as fit the model)."
    if not sources.has_knowledge(bot.id):
        return f"{bot.name} has no knowledge yet, so the model answers without sources."
    found = "Matches are too weak" if listed else "No matches"
    then = "says it doesn’t know" if bot.only_knowledge else "answers without a source"
    noted = " When a visitor asks this, it’s listed as unanswered." if bot.only_knowledge else ""
    return f"{found}: {bot.name} {then}.{noted}"


def _hits(bot: Bot, listed: Sequence[Found], used: set[int], terms: Sequence[str]) -> list[Hit]:
    titles = {source.id: source.title for source in sources.sources_of(bot.id)}
    return [
        Hit(
            source_id=chunk.source_id,
            source_title=titles.get(chunk.source_id, "Source"),
            heading=chunk.title if chunk.title != titles.get(chunk.source_id) else "",
            body=chunk.body,
            score=f"{chunk.score:.3g}",
            parts=[(name, f"{value:.3g}") for name, value in chunk.parts.items()],
            matched=chunk.matched,
            wanted=chunk.wanted,
            words=_standing_in(chunk, terms),
            is_used=chunk.chunk_id in used,
        )
        for chunk in listed
    ]


def _standing_in(chunk: Found, terms: Sequence[str]) -> list[str]:
    held = set(words_of(f"{chunk.title} {chunk.path} {chunk.body}"))
    return [term for term in terms if stem(term) in held]
