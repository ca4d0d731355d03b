"""Ranks candidates: BM25 over a chunk's title, path and body, plus a bonus for adjacent terms.

The databases rank differently (PostgreSQL ignores how rare terms are), so they only choose the
candidates, and this ranks them the same way everywhere. Numbers from `benchmarks/retrieval.py`.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from core.knowledge.stems import stem, words_of

TITLE, PATH, BODY = 2.0, 1.0, 1.0
SATURATION, LENGTH = 1.2, 0.75
"""BM25's k1 and b."""
USUAL_WORDS = 100
"""Of a chunk."""
NEIGHBORS = 0.5
"""The bonus for two terms that are adjacent as in the question, per unit of their weight."""
MOST_OF_A_SECTION = 1
FUSION = 60
"""The constant k of reciprocal rank fusion: a larger one favors the first places less."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A chunk as far as it is ranked."""

    chunk_id: int
    title: str
    path: str
    body: str


@dataclass(frozen=True, slots=True)
class Scored:
    """`words` is BM25's sum, `coverage` the share of the question's weight that stands in the chunk."""

    chunk_id: int
    words: float
    near: float
    coverage: float
    matched: int

    @property
    def score(self) -> float:
        return self.words + self.near


def ranked(terms: list[str], weights: list[float], candidates: list[Candidate]) -> list[Scored]:
    """The candidates that hold a term, best first. `weights` say how much each term counts."""
    stems: dict[str, float] = {}
    for term, weight in zip(terms, weights, strict=True):
        stems.setdefault(stem(term), weight)
    read = [
        (one, words_of(one.title), words_of(one.path), words_of(one.body)) for one in candidates
    ]
    scored = [_scored(one.chunk_id, stems, *fields) for one, *fields in read]
    return sorted(
        (one for one in scored if one.matched), key=lambda one: (-one.score, one.chunk_id)
    )


def diversify(order: list[Scored], section_of: dict[int, object]) -> list[Scored]:
    """The best chunk of each section first, so that one long section does not hide all others."""
    seen: Counter[object] = Counter()
    front: list[Scored] = []
    rest: list[Scored] = []
    for one in order:
        section = section_of[one.chunk_id]
        seen[section] += 1
        (front if seen[section] <= MOST_OF_A_SECTION else rest).append(one)
    return front + rest


def fuse(*orders: Sequence[int]) -> dict[int, float]:
    """The score of each id by its places in several orders: the sum of 1 / (60 + place), from 1 on.

    Reciprocal rank fusion (Cormack, Clarke and Büttcher, 2009): scores of different kinds are never
    compared, places are.
    """
    scores: dict[int, float] = {}
    for order in orders:
        for place, one in enumerate(order, 1):
            scores[one] = scores.get(one, 0.0) + 1 / (FUSION + place)
    return scores


def _scored(chunk_id: int, stems: dict[str, float], *fields: list[str]) -> Scored:
    title, path, body = fields
    counts = dict.fromkeys(stems, 0.0)
    for field, weight in ((title, TITLE), (path, PATH), (body, BODY)):
        for word in field:
            if word in counts:
                counts[word] += weight
    long = SATURATION * (1 - LENGTH + LENGTH * len(body) / USUAL_WORDS)
    held = {word: count for word, count in counts.items() if count}
    words = sum(stems[word] * n * (SATURATION + 1) / (n + long) for word, n in held.items())
    coverage = sum(stems[word] for word in held) / (sum(stems.values()) or 1.0)
    near = NEIGHBORS * _neighbors(stems, [*title, "", *body])
    return Scored(chunk_id, words, near, coverage, len(held))


def _neighbors(stems: dict[str, float], words: list[str]) -> float:
    """The weight of the question's neighboring terms that stand together here too, each pair once."""
    order = list(stems)
    following = dict(zip(order, order[1:], strict=False))
    places = [(place, word) for place, word in enumerate(words) if word in stems]
    pairs = {
        (first, second)
        for at, (place, first) in enumerate(places)
        for other, second in places[at + 1 : at + 3]
        if other - place <= 2 and following.get(first) == second
    }
    return sum(stems[first] + stems[second] for first, second in pairs)
