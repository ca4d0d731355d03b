"""What a question finds in the knowledge of one bot: the production path, for answers and for trying out.

The database chooses candidates by the words of the question (`full_text`), `ranking` puts them in order.
Writing without spaces between words is looked for by pairs of characters instead. `fits` says
whether what was found is worth answering from.
"""

import math
from dataclasses import dataclass, field

from sqlalchemy import case, func, literal, select

from core.db import session
from core.knowledge import full_text, queries, ranking
from core.knowledge.models import Chunk
from core.knowledge.ranking import Candidate, Scored
from core.knowledge.terms import MOST_TERMS, pairs_of, terms_of

CANDIDATES = 100
"""More than are wanted: a few may just be replaced or deleted."""
MANY_CHUNKS = 1_000
ENOUGH = 0.42
"""The least share of a question's weight that a chunk has to hold to be answered from."""


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
    """Up to 1, which is the best of this search."""
    parts: dict[str, float] = field(default_factory=dict)
    """What the score is made of."""
    matched: int = 0
    wanted: int = 0


def find(bot_id: str, question: str, size: int = 5) -> list[Found]:
    """The chunks that answer the question best, best first; none if there are none."""
    terms, pairs = terms_of(question), pairs_of(question)
    if pairs:
        wanted = [*pairs, *terms][:MOST_TERMS]
        order, chunks = _by_pairs(bot_id, wanted)
    else:
        wanted = terms
        order, chunks = _by_words(bot_id, terms)
    best = max((one.score for one in order), default=1.0) or 1.0
    return [_found(one, best, len(wanted), chunks[one.chunk_id]) for one in order[:size]]


def fits(found: list[Found]) -> bool:
    """Whether what was found has enough to do with the question to answer from it. A pure decision."""
    return any(_is_close(one) for one in found)


def _is_close(found: Found) -> bool:
    return found.matched >= min(2, found.wanted) and found.parts["coverage"] >= ENOUGH


@dataclass(frozen=True, slots=True)
class _Row:
    """A chunk as it is loaded: apart from the session, where nothing waits for it."""

    id: int
    source_id: str
    title: str
    path: str
    body: str
    url: str
    source_title: str


Loaded = dict[int, _Row]

_ROWS = """
    SELECT chunks.id, source_id, chunks.title, path, body, chunks.url, sources.title
    FROM chunks JOIN sources ON sources.id = source_id
    WHERE chunks.id IN ({ids}) AND chunks.bot_id = :bot AND position >= 0
"""


def _by_words(bot_id: str, terms: list[str]) -> tuple[list[Scored], Loaded]:
    if not terms:
        return [], {}
    weights, chosen = _weighed(bot_id, terms)
    ids = full_text.search(
        bot_id, [terms[n] for n in chosen], [weights[n] for n in chosen], CANDIDATES
    )
    chunks = _loaded(bot_id, ids)
    candidates = [Candidate(one.id, one.title, one.path, one.body) for one in chunks.values()]
    order = ranking.ranked(terms, weights, candidates)
    return ranking.spread(order, {one.id: _section(one) for one in chunks.values()}), chunks


def _weighed(bot_id: str, terms: list[str]) -> tuple[list[float], list[int]]:
    """How much each term says, the rarer in this bot's knowledge the more (BM25's idf); and which to
    choose candidates by: of many chunks not by words of every third one, if two others are there."""
    total = session().scalar(select(func.count(Chunk.id)).where(Chunk.bot_id == bot_id)) or 1
    counts = full_text.frequencies(bot_id, terms)
    weights = [math.log(1 + (max(total - count, 0) + 0.5) / (count + 0.5)) for count in counts]
    rarer = [number for number, count in enumerate(counts) if 0 < count < total / 3]
    chosen = rarer if total >= MANY_CHUNKS and len(rarer) >= 2 else range(len(terms))
    return weights, list(chosen)


def _by_pairs(bot_id: str, pairs: list[str]) -> tuple[list[Scored], Loaded]:
    """By how many of these pairs of characters stand in a chunk. Reads all of the bot's chunks."""
    whole = Chunk.title + " " + Chunk.path + " " + Chunk.body
    held = sum(
        (case((whole.contains(pair, autoescape=True), 1), else_=0) for pair in pairs),
        start=literal(0),
    ).label("held")
    wanted = select(Chunk.id, held).where(Chunk.bot_id == bot_id, Chunk.position >= 0)
    rows = session().execute(wanted.order_by(held.desc(), Chunk.id).limit(CANDIDATES)).all()
    chunks = _loaded(bot_id, [id_ for id_, count in rows if count])
    order = [
        Scored(id_, count, 0.0, count / len(pairs), count) for id_, count in rows if id_ in chunks
    ]
    return order, chunks


def _loaded(bot_id: str, ids: list[int]) -> Loaded:
    """Those of them that are in place, and this bot's."""
    if not ids:
        return {}
    named = {f"i{number}": id_ for number, id_ in enumerate(ids)}
    statement = _ROWS.format(ids=", ".join(f":{name}" for name in named))
    rows = (_Row(*row) for row in queries.rows(statement, bot=bot_id, **named))
    return {row.id: row for row in rows}


def _section(row: _Row) -> tuple[str, ...]:
    return (row.source_id, row.path, row.title, row.url)


def _found(one: Scored, best: float, wanted: int, row: _Row) -> Found:
    parts = {"words": one.words, "near": one.near, "coverage": one.coverage}
    return Found(
        row.id, row.source_id, row.title or row.source_title, row.path, row.body, row.url,
        round(one.score / best, 4), {name: round(part, 4) for name, part in parts.items()},
        one.matched, wanted,
    )  # fmt: skip
