"""Full-text search within one bot, by the database: finds the candidates for a question.

Terms are combined with OR: AND would miss nine tenths of the matches. The bot's id is indexed as a word
too, so that a search reads only the entries of one bot.
"""

from typing import Any

from core.knowledge import queries

TITLE_WEIGHT, PATH_WEIGHT, BODY_WEIGHT = 2.0, 1.0, 1.0


def search(bot_id: str, terms: list[str], weights: list[float], size: int) -> list[int]:
    """The ids of the best chunks for these terms; `weights` say how much each term counts."""
    if not terms:
        return []
    if queries.on_sqlite():
        return _in_sqlite(bot_id, terms, size)
    return _in_postgres(bot_id, terms, weights, size)


def frequencies(bot_id: str, terms: list[str]) -> list[int]:
    """How many of the bot's chunks contain each term."""
    if not terms:
        return []
    if queries.on_sqlite():
        one = "SELECT {n}, count(*) FROM chunk_words WHERE chunk_words MATCH :m{n}"
        values = {f"m{n}": _match(bot_id, [term]) for n, term in enumerate(terms)}
    else:
        one = (
            "SELECT {n}, count(*) FROM chunk_words WHERE words @@ "
            "(CAST(:bot AS tsquery) && plainto_tsquery('english', :t{n})) "
            "AND numnode(plainto_tsquery('english', :t{n})) > 0"
        )
        values = {f"t{n}": term for n, term in enumerate(terms)} | {"bot": f"'{bot_id}'"}
    statement = " UNION ALL ".join(one.format(n=n) for n in range(len(terms)))
    counts: dict[int, int] = dict(
        queries.rows(statement, **values)
    )  # in any order: PostgreSQL counts in parallel
    return [counts[n] for n in range(len(terms))]


_SQLITE = f"""
    SELECT rowid FROM chunk_words WHERE chunk_words MATCH :match
    ORDER BY bm25(chunk_words, 0, {TITLE_WEIGHT}, {PATH_WEIGHT}, {BODY_WEIGHT}) LIMIT :size
"""  # noqa: S608


def _in_sqlite(bot_id: str, terms: list[str], size: int) -> list[int]:
    return [row[0] for row in queries.rows(_SQLITE, match=_match(bot_id, terms), size=size)]


def _match(bot_id: str, terms: list[str]) -> str:
    """An FTS5 query. Everything is quoted, so that a question is never parsed as operators."""
    own = bot_id.rpartition("_")[2]
    return f"bot_id : {_quoted(own)} AND {{title path body}} : ({' OR '.join(map(_quoted, terms))})"


def _quoted(term: str) -> str:
    return '"' + term.replace('"', '""') + '"'


def _in_postgres(bot_id: str, terms: list[str], weights: list[float], size: int) -> list[int]:
    """ts_rank ignores how rare terms are, so each term is ranked separately and weighted."""
    each = [f"plainto_tsquery('english', :t{n})" for n in range(len(terms))]
    columns = f"{{{BODY_WEIGHT / 2}, 0, {PATH_WEIGHT / 2}, {TITLE_WEIGHT / 2}}}"
    rank = " + ".join(
        f":w{n} * ts_rank('{columns}', words, {query}, 1)" for n, query in enumerate(each)
    )
    any_of = " || ".join(each)  # of PostgreSQL's own stop words nothing is left
    statement = f"""
        SELECT chunk_id FROM chunk_words
        WHERE words @@ (CAST(:bot AS tsquery) && ({any_of})) AND numnode({any_of}) > 0
        ORDER BY {rank} DESC LIMIT :size
    """  # noqa: S608  (the words of the question are values)
    values: dict[str, Any] = {f"t{n}": term for n, term in enumerate(terms)}
    values |= {f"w{n}": weight for n, weight in enumerate(weights)}
    return [row[0] for row in queries.rows(statement, bot=f"'{bot_id}'", size=size, **values)]
