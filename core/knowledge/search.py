"""Searches the knowledge of one bot, for answers and for the search test in the console.

The database chooses candidates by the question's words (`full_text`), and `ranking` ranks them. Scripts
without spaces are searched by pairs of characters instead. With the question's embedding, semantic search
adds chunks with a similar meaning, and both rankings are fused. `is_relevant` says whether the results
are good enough to answer from.
"""

import math
from dataclasses import dataclass, field

from sqlalchemy import case, func, literal, select

from core.db import session
from core.knowledge import full_text, queries, ranking, vectors
from core.knowledge.models import Chunk
from core.knowledge.ranking import Candidate, Scored
from core.knowledge.terms import MOST_TERMS, STOP_WORDS, pairs_of, terms_of
from core.knowledge.vectors import Vector

CANDIDATES = 100
"""More than are wanted: a few may just be replaced or deleted."""
JOINED = 40
"""Of either order so many are joined."""
MANY_CHUNKS = 1_000
FEW_CHUNKS = 50
"""As so many are counted at least: of fewer, how many hold a word says little of how rare it is. Else the one
word of a question that a single text lacks would weigh five times what each of its others does."""
ENOUGH = 0.42
"""The share of a question's weight that a chunk must contain to be answered from."""
FAR_BEHIND = 0.3
"""Below this share of the best score by words, a chunk isn't used as a source."""


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
    """What the score is made of; `meaning` is the cosine, where it is among the nearest."""
    matched: int = 0
    wanted: int = 0
    by_words: float = 0.0
    """Its share of the best score by words alone."""
    meant: bool = False
    """Whether it is as near to the question as its model has what is to the point."""


def find(bot_id: str, question: str, size: int = 5, vector: Vector | None = None) -> list[Found]:
    """The chunks that answer the question best, best first; none if there are none.

    `vector` is the question's embedding, for semantic search.
    """
    near = vectors.nearest(bot_id, vector, JOINED) if vector else {}
    order, chunks, wanted = _looked_up(bot_id, question, list(near))
    shares = words = _shares({one.chunk_id: one.score for one in order})
    if near:
        order, scores = _joined(order, [id_ for id_ in near if id_ in chunks])
        order, shares = _spread(order, chunks), _shares(scores)
    places = _Places(shares, words, near, vector.close_from if vector else 1.0)
    return [_found(one, chunks[one.chunk_id], wanted, places) for one in order[:size]]


def is_relevant(found: list[Found]) -> bool:
    """Whether the results are relevant enough to the question to answer from them.

    A joined score says nothing of that, since something is always first. The words have to hold, or
    the meaning, each on its own scale.
    """
    return any(one.meant or _has_the_words(one) for one in found)


def relevant_only(found: list[Found]) -> list[Found]:
    """The results that aren't far behind the best."""
    words_fit = any(map(_has_the_words, found))
    return [one for one in found if one.meant or (words_fit and one.by_words >= FAR_BEHIND)]


def _has_the_words(found: Found) -> bool:
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

    @property
    def whole(self) -> str:
        return f"{self.title} {self.path} {self.body}"


Loaded = dict[int, _Row]


@dataclass(frozen=True, slots=True)
class _Places:
    """By a chunk's id: its share of the best score, of the best by words alone, and its cosine."""

    shares: dict[int, float]
    words: dict[int, float]
    near: dict[int, float]
    close_from: float


_ROWS = """
    SELECT chunks.id, source_id, chunks.title, path, body, chunks.url, sources.title
    FROM chunks JOIN sources ON sources.id = source_id
    WHERE chunks.id IN ({ids}) AND chunks.bot_id = :bot AND position >= 0
"""


def _looked_up(bot_id: str, question: str, near: list[int]) -> tuple[list[Scored], Loaded, int]:
    """What holds words of the question, best first; that with what is `near`, loaded; words wanted."""
    terms, pairs = terms_of(question), pairs_of(question)
    if pairs:
        wanted = [*pairs, *terms][:MOST_TERMS]
        return *_by_pairs(bot_id, wanted, near), len(wanted)
    order, chunks = _by_words(bot_id, terms, near)
    return _spread(order, chunks), chunks, len(terms)


def _spread(order: list[Scored], chunks: Loaded) -> list[Scored]:
    return ranking.diversify(order, {one.id: _section(one) for one in chunks.values()})


def _shares(scores: dict[int, float]) -> dict[int, float]:
    best = max(scores.values(), default=1.0) or 1.0
    return {id_: score / best for id_, score in scores.items()}


def _joined(by_words: list[Scored], near: list[int]) -> tuple[list[Scored], dict[int, float]]:
    """Both orders as one, with its scores: those without a word of the question have none by words."""
    known = {one.chunk_id: one for one in by_words}
    scores = ranking.fuse([one.chunk_id for one in by_words[:JOINED]], near)
    order = sorted(scores, key=lambda id_: (-scores[id_], id_))
    return [known.get(id_) or Scored(id_, 0.0, 0.0, 0.0, 0) for id_ in order], scores


def _by_words(bot_id: str, terms: list[str], near: list[int]) -> tuple[list[Scored], Loaded]:
    """The chunks that hold a term, best first; those that are `near` are loaded, and ranked, too."""
    if not terms:
        return [], _loaded(bot_id, near)
    weights, chosen = _weighed(bot_id, terms)
    ids = full_text.search(
        bot_id, [terms[n] for n in chosen], [weights[n] for n in chosen], CANDIDATES
    )
    chunks = _loaded(bot_id, list(dict.fromkeys([*ids, *near])))
    candidates = [Candidate(one.id, one.title, one.path, one.body) for one in chunks.values()]
    return ranking.ranked(terms, weights, candidates), chunks


def _weighed(bot_id: str, terms: list[str]) -> tuple[list[float], list[int]]:
    """How much each term says, the rarer in this bot's knowledge the more (BM25's idf); and which to
    choose candidates by: of many chunks not by words of every third one, if two others are there."""
    total = session().scalar(select(func.count(Chunk.id)).where(Chunk.bot_id == bot_id)) or 1
    counts = full_text.frequencies(bot_id, terms)
    size = total if STOP_WORDS.issuperset(terms) else max(total, FEW_CHUNKS)
    weights = [math.log(1 + (max(size - count, 0) + 0.5) / (count + 0.5)) for count in counts]
    rarer = [number for number, count in enumerate(counts) if 0 < count < total / 3]
    chosen = rarer if total >= MANY_CHUNKS and len(rarer) >= 2 else range(len(terms))
    return weights, list(chosen)


def _by_pairs(bot_id: str, pairs: list[str], near: list[int]) -> tuple[list[Scored], Loaded]:
    """By how many of these pairs of characters stand in a chunk. Reads all of the bot's chunks."""
    whole = Chunk.title + " " + Chunk.path + " " + Chunk.body
    held = sum(
        (case((whole.contains(pair, autoescape=True), 1), else_=0) for pair in pairs),
        start=literal(0),
    ).label("held")
    wanted = select(Chunk.id, held).where(Chunk.bot_id == bot_id, Chunk.position >= 0)
    rows = session().execute(wanted.order_by(held.desc(), Chunk.id).limit(CANDIDATES)).all()
    counts = {id_: count for id_, count in rows if count}
    chunks = _loaded(bot_id, list(dict.fromkeys([*counts, *near])))
    counts |= {
        id_: sum(pair in chunks[id_].whole for pair in pairs)
        for id_ in near
        if id_ in chunks and id_ not in counts
    }
    order = [
        Scored(id_, count, 0.0, count / len(pairs), count)
        for id_, count in sorted(counts.items(), key=lambda one: (-one[1], one[0]))
        if count and id_ in chunks
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


def _found(one: Scored, row: _Row, wanted: int, places: _Places) -> Found:
    parts = {"words": one.words, "near": one.near, "coverage": one.coverage}
    cosine = places.near.get(row.id)
    if cosine is not None:
        parts["meaning"] = cosine
    return Found(
        row.id, row.source_id, row.title or row.source_title, row.path, row.body, row.url,
        round(places.shares[row.id], 4), {name: round(part, 4) for name, part in parts.items()},
        one.matched, wanted, places.words.get(row.id, 0.0),
        cosine is not None and cosine >= places.close_from,
    )  # fmt: skip
