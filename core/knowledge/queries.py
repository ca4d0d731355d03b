"""The queries of a search, run where they hold nothing else up.

SQLite works inside the process. Under gevent every stream of it would stand still meanwhile, so
there a query runs in gevent's pool of real threads, on a read-only connection of its own:
SQLAlchemy's pool belongs to the greenlets. PostgreSQL's answers are waited for as all others are.
"""

import sqlite3
import sys
from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import quote

from sqlalchemy import text

from core.db import session

Rows = list[tuple[Any, ...]]
Result = TypeVar("Result")

MOST_IDLE = 10
_idle: deque[tuple[str, sqlite3.Connection]] = deque()


def on_sqlite() -> bool:
    return session().get_bind().dialect.name == "sqlite"


def rows(statement: str, **values: Any) -> Rows:
    """What the database answers; values by name (`:name`) in the statement."""
    if not on_sqlite():
        return [tuple(row) for row in session().execute(text(statement), values)]
    path = _path()
    return in_thread(lambda: _from_sqlite(path, statement, values, _all))


def in_blocks(statement: str, work: Callable[[Rows], Any], block_rows: int, **values: Any) -> None:
    """Gives what the database answers to `work`, so many rows at a time, where the query runs.

    No more of it is ever in memory. The work may touch nothing that belongs to greenlets.
    """
    if on_sqlite():
        path = _path()
        in_thread(lambda: _from_sqlite(path, statement, values, _each_block(work, block_rows)))
        return
    streaming = {"stream_results": True, "max_row_buffer": block_rows}
    found = session().execute(text(statement), values, execution_options=streaming)
    for block in found.partitions(block_rows):
        work([tuple(row) for row in block])


def in_thread(work: Callable[[], Result]) -> Result:
    """Runs what computes for long, in a real thread if greenlets would have to wait for it.

    The work may touch nothing that belongs to them: no session, no lock.
    """
    monkey = sys.modules.get("gevent.monkey")
    if monkey is None or not monkey.is_module_patched("threading"):
        return work()
    from gevent import get_hub

    result: Result = get_hub().threadpool.apply(work)
    return result


def _path() -> str:
    return str(session().get_bind().engine.url.database)


def _all(cursor: sqlite3.Cursor) -> Rows:
    return cursor.fetchall()


def _each_block(work: Callable[[Rows], Any], size: int) -> Callable[[sqlite3.Cursor], None]:
    def read(cursor: sqlite3.Cursor) -> None:
        while block := cursor.fetchmany(size):
            work(block)

    return read


def _from_sqlite(
    path: str,
    statement: str,
    values: dict[str, Any],
    read: Callable[[sqlite3.Cursor], Result],
) -> Result:
    connection = _taken(path)
    try:
        found = read(connection.execute(statement, values))
    except BaseException:
        connection.close()
        raise
    if len(_idle) < MOST_IDLE:
        _idle.append((path, connection))
    else:
        connection.close()
    return found


def _taken(path: str) -> sqlite3.Connection:
    """An idle connection to that file, or a new one."""
    while _idle:
        try:
            its_path, connection = _idle.pop()
        except IndexError:
            break
        if its_path == path:
            return connection
        connection.close()
    address = f"file:{quote(path)}?mode=ro"
    made = sqlite3.connect(address, uri=True, check_same_thread=False, isolation_level=None)
    made.execute("PRAGMA busy_timeout = 1000")
    made.execute("PRAGMA cache_size = -16000")
    return made
