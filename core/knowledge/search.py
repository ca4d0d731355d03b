"""What a question finds in the knowledge of one bot: the production path, for answers and for trying out.

The database's ranking chooses candidates; they are put in order by how much of the question they
cover, a rare term counting for more than a common one. Writing without spaces between words is looked
for by pairs of characters instead. `fits` says whether what was found is worth answering from.
"""

import math
from dataclasses import dataclass, field

from sqlalchemy import case, func, literal, select

from core.db import session
from core.knowledge import full_text
from core.knowledge.full_text import Hit
from core.knowledge.models import Chunk, Source
from core.knowledge.terms import pairs_of, terms_of

CANDIDATES = 120
"""More than are wanted: a few may just be replaced or deleted."""
PER_SIDE = 40


@dataclass(frozen=True)
class Found:
    """A chunk that was found. `matched` of the `wanted` terms of the question stand in it."""

    chunk_id: int
    source_id: str
    title: str
    path: str
    body: str
    url: str
    score: float
    """0 to 1, more is better; comparable only within one search."""
    parts: dict[str, float] = field(default_factory=dict)
    """What the score is made of."""
    matched: int = 0
    wanted: int = 0


def find(bot_id: str, question: str, size: int = 5) -> list[Found]:
    """The chunks that answer the question best, best first. Finds nothing rather than raise."""
    ranked = _by_words(bot_id, question)
    return _loaded(bot_id, ranked, size)


def fits(found: list[Found]) -> bool:
    """Whether what was found has enough to do with the question to answer from it. A pure decision."""
    return any(_is_close(part) for part in found)


@dataclass(frozen=True)
class _Ranked:
    chunk_id: int
    score: float
    parts: dict[str, float]
    matched: int
    wanted: int


def _is_close(found: Found) -> bool:
    least = min(2, found.wanted)
    return found.matched >= least and found.parts.get("coverage", 0.0) >= ENOUGH


ENOUGH = 0.45


def _by_words(bot_id: str, question: str) -> list[_Ranked]:
    terms, pairs = terms_of(question), pairs_of(question)
    if pairs:
        return _by_pairs(bot_id, [*pairs, *terms][:24])
    hits = full_text.search(bot_id, terms, CANDIDATES)
    return _ordered(hits, _weights(bot_id, terms)) if hits else []


def _weights(bot_id: str, terms: list[str]) -> list[float]:
    """How much each term says: the rarer in this bot's knowledge, the more (BM25's idf)."""
    total = session().scalar(select(func.count()).where(Chunk.bot_id == bot_id)) or 1
    counts = full_text.frequencies(bot_id, terms)
    return [math.log(1 + (total - count + 0.5) / (count + 0.5)) for count in counts]


def _ordered(hits: list[Hit], weights: list[float]) -> list[_Ranked]:
    most, whole = max(hit.rank for hit in hits) or 1.0, sum(weights) or 1.0
    ranked = []
    for hit in hits:
        coverage = sum(weights[number] for number in hit.terms) / whole
        words = hit.rank / most
        parts = {"words": round(words, 4), "coverage": round(coverage, 4)}
        ranked.append(_Ranked(hit.chunk_id, words * coverage, parts, len(hit.terms), len(weights)))
    return sorted(ranked, key=lambda one: -one.score)


def _by_pairs(bot_id: str, pairs: list[str]) -> list[_Ranked]:
    """By how many of these character pairs stand in a chunk. Reads all of the bot's chunks."""
    whole = Chunk.title + " " + Chunk.path + " " + Chunk.body
    held = sum(
        (case((whole.contains(pair, autoescape=True), 1), else_=0) for pair in pairs),
        start=literal(0),
    ).label("held")
    wanted = select(Chunk.id, held).where(Chunk.bot_id == bot_id, Chunk.position >= 0)
    rows = session().execute(wanted.order_by(held.desc(), Chunk.id).limit(PER_SIDE))
    return [
        _Ranked(chunk_id, count / len(pairs), {"coverage": count / len(pairs)}, count, len(pairs))
        for chunk_id, count in rows
        if count
    ]


def _loaded(bot_id: str, ranked: list[_Ranked], size: int) -> list[Found]:
    """The best of them that are in place, and this bot's."""
    by_id = {one.chunk_id: one for one in ranked}
    rows = session().execute(
        select(Chunk, Source.title)
        .join(Source, Source.id == Chunk.source_id)
        .where(Chunk.id.in_(by_id), Chunk.bot_id == bot_id, Chunk.position >= 0)
    )
    chunks = {chunk.id: (chunk, title) for chunk, title in rows}
    found = [_found(one, *chunks[one.chunk_id]) for one in ranked if one.chunk_id in chunks]
    return found[:size]


def _found(one: _Ranked, chunk: Chunk, source_title: str) -> Found:
    return Found(
        chunk.id, chunk.source_id, chunk.title or source_title, chunk.path, chunk.body, chunk.url,
        round(one.score, 4), one.parts, one.matched, one.wanted,
    )  # fmt: skip
