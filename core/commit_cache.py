"""A cache of database reads that is valid until anyone commits anything.

SQLite tells within microseconds whether another connection of any process committed (`PRAGMA
data_version`), so a cached value is never older than a query would be. On PostgreSQL asking costs
as much as the query itself, so nothing is cached there.
"""

import sqlite3
from collections.abc import Callable
from contextlib import suppress
from typing import Generic, TypeVar
from urllib.parse import quote
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, event

from core.db import db

Key = TypeVar("Key")
Value = TypeVar("Value")
State = tuple[sqlite3.Connection, int]

_watchers: WeakKeyDictionary[Engine, sqlite3.Connection] = WeakKeyDictionary()


class CommitCache(Generic[Key, Value]):
    """Caches what `read` returns for each key, except None. Beyond `most` entries the oldest is dropped."""

    def __init__(self, read: Callable[[Key], Value | None], most: int) -> None:
        self._read, self._most = read, most
        self._found: dict[Key, tuple[State, Value]] = {}

    def get(self, key: Key) -> Value | None:
        """What `read` would return now."""
        state = _state()
        if state and (found := self._found.get(key)) and found[0] == state:
            return found[1]
        value = self._read(key)
        if state and value is not None:
            self._keep(key, (state, value))
        return value

    def _keep(self, key: Key, found: tuple[State, Value]) -> None:
        self._found[key] = found
        if len(self._found) > self._most:
            with suppress(KeyError, RuntimeError):  # another thread was faster
                del self._found[next(iter(self._found))]


def _state() -> State | None:
    """Changes after every commit of another connection; None if that can't be detected."""
    engine = db.engine
    try:
        watch = _watchers.get(engine) or _watch(engine)
        return (watch, watch.execute("PRAGMA data_version").fetchone()[0]) if watch else None
    except sqlite3.Error:
        return None


def _watch(engine: Engine) -> sqlite3.Connection | None:
    """A connection that only watches, because a connection does not see its own commits."""
    path = engine.url.database
    if engine.dialect.name != "sqlite" or not path:
        return None
    made = sqlite3.connect(
        f"file:{quote(path)}?mode=rw", 0, uri=True, isolation_level=None, check_same_thread=False
    )
    return _watchers.setdefault(engine, made)


@event.listens_for(Engine, "engine_disposed")
def _stop_watchers(engine: Engine) -> None:
    if watch := _watchers.pop(engine, None):
        watch.close()
