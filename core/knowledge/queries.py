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
    path = str(session().get_bind().engine.url.database)
    return apart(lambda: _from_sqlite(path, statement, values))


def apart(work: Callable[[], Result]) -> Result:
    """Runs what computes for long, in a real thread if greenlets would have to wait for it.

    The work may touch nothing that belongs to them: no session, no lock.
    """
    monkey = sys.modules.get("gevent.monkey")
    if monkey is None or not monkey.is_module_patched("threading"):
        return work()
    from gevent import get_hub

    result: Result = get_hub().threadpool.apply(work)
    return result


def _from_sqlite(path: str, statement: str, values: dict[str, Any]) -> Rows:
    connection = _taken(path)
    try:
        found = connection.execute(statement, values).fetchall()
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
