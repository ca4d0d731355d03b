"""The databases' own full-text search inside one bot: which chunks hold which terms of a question.

Terms are joined by OR: joined by AND, nine tenths of what is there is not found. A heading weighs four
times the text under it, the headings above it twice. The bot is a word in the index too, so that a
search reads the entries of one bot only.
"""

import json
from dataclasses import dataclass

from core.knowledge import queries

TITLE_WEIGHT, PATH_WEIGHT, BODY_WEIGHT = 4.0, 2.0, 1.0


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk that holds some of the terms; `rank` is the database's own, more is better."""

    chunk_id: int
    rank: float
    terms: frozenset[int]
    """Which, by their place in the question."""


def search(bot_id: str, terms: list[str], size: int) -> list[Hit]:
    """The best chunks for these terms, best first."""
    if not terms:
        return []
    return (_in_sqlite if queries.on_sqlite() else _in_postgres)(bot_id, terms, size)


def frequencies(bot_id: str, terms: list[str]) -> list[int]:
    """In how many of the bot's chunks each term stands."""
    if queries.on_sqlite():
        one = "SELECT count(*) FROM chunk_words WHERE chunk_words MATCH :m{n}"
        values = {f"m{n}": _match(bot_id, [term]) for n, term in enumerate(terms)}
    else:
        one = (
            "SELECT count(*) FROM chunk_words WHERE words @@ "
            "(CAST(:bot AS tsquery) && plainto_tsquery('english', :t{n}))"
        )
        values = {f"t{n}": term for n, term in enumerate(terms)} | {"bot": f"'{bot_id}'"}
    statement = " UNION ALL ".join(one.format(n=n) for n in range(len(terms)))
    return [int(count) for (count,) in queries.rows(statement, **values)]


_SQLITE = f"""
    SELECT chunk_words.rowid, -bm25(chunk_words, 0, {TITLE_WEIGHT}, {PATH_WEIGHT}, {BODY_WEIGHT}) AS r
    FROM chunk_words WHERE chunk_words MATCH :match ORDER BY r DESC LIMIT :size
"""  # noqa: S608
_SQLITE_HELD = """
    SELECT {n}, rowid FROM chunk_words
    WHERE chunk_words MATCH :m{n} AND rowid IN (SELECT value FROM json_each(:ids))
"""


def _in_sqlite(bot_id: str, terms: list[str], size: int) -> list[Hit]:
    ranked = queries.rows(_SQLITE, match=_match(bot_id, terms), size=size)
    if not ranked:
        return []
    statement = " UNION ALL ".join(_SQLITE_HELD.format(n=n) for n in range(len(terms)))
    ids = json.dumps([chunk_id for chunk_id, _ in ranked])
    values = {f"m{n}": _quoted(term) for n, term in enumerate(terms)}
    held: dict[int, set[int]] = {chunk_id: set() for chunk_id, _ in ranked}
    for number, chunk_id in queries.rows(statement, ids=ids, **values):
        held[chunk_id].add(number)
    return [Hit(chunk_id, rank, frozenset(held[chunk_id])) for chunk_id, rank in ranked]


def _match(bot_id: str, terms: list[str]) -> str:
    """An FTS5 query. All is quoted: a question is never read as operators."""
    own = bot_id.rpartition("_")[2]
    return f"bot_id : {_quoted(own)} AND {{title path body}} : ({' OR '.join(map(_quoted, terms))})"


def _quoted(term: str) -> str:
    return '"' + term.replace('"', '""') + '"'


def _in_postgres(bot_id: str, terms: list[str], size: int) -> list[Hit]:
    each = [f"plainto_tsquery('english', :t{n})" for n in range(len(terms))]
    weights = f"{{{BODY_WEIGHT / 4}, 0, {PATH_WEIGHT / 4}, {TITLE_WEIGHT / 4}}}"
    held = ", ".join(f"words @@ {query}" for query in each)
    statement = f"""
        SELECT chunk_id, r, {held} FROM (
            SELECT chunk_id, words, ts_rank('{weights}', words, {" || ".join(each)}, 1) AS r
            FROM chunk_words WHERE words @@ (CAST(:bot AS tsquery) && ({" || ".join(each)}))
            ORDER BY r DESC LIMIT :size
        ) AS best ORDER BY r DESC
    """  # noqa: S608  (the words of the question are values)
    values = {f"t{n}": term for n, term in enumerate(terms)}
    found = queries.rows(statement, bot=f"'{bot_id}'", size=size, **values)
    return [
        Hit(row[0], float(row[1]), frozenset(n for n, has in enumerate(row[2:]) if has))
        for row in found
    ]
