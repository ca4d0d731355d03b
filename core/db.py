"""The database: the session, the base of all models, and the one way to write.

Reads happen in whatever transaction the request has. Every write goes through `transaction()`:
`BEGIN IMMEDIATE` on SQLite, waiting for the lock in Python (under gevent a wait inside SQLite would
stop every stream of the process), and never a network call between its first write and the commit.
"""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Connection, Delete, Dialect, Insert, MetaData, Row, Select, Update, event
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.engine import Engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import DeclarativeBase, Session, registry
from sqlalchemy.types import DateTime, TypeDecorator

from core import clock
from core.errors import Busy

SQLITE_BUSY_MILLISECONDS = 20
WRITE_WAIT_SECONDS = 10.0

_NAMES = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class UTCDateTime(TypeDecorator[datetime]):
    """A moment in UTC, always aware in Python."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.replace(tzinfo=UTC) if value and value.tzinfo is None else value


class Base(DeclarativeBase):
    registry = registry(
        metadata=MetaData(naming_convention=_NAMES), type_annotation_map={datetime: UTCDateTime}
    )


db = SQLAlchemy(model_class=Base, session_options={"expire_on_commit": False})

if TYPE_CHECKING:
    Model = Base
else:
    Model = db.Model

_app: Any = None


def engine_options(address: str) -> dict[str, Any]:
    """A pool that is wide enough for many short requests; PostgreSQL counts its days in UTC, as we do.

    An error never repeats the values of its statement: it ends up in logs.
    """
    options: dict[str, Any] = {"pool_size": 20, "max_overflow": 40, "hide_parameters": True}
    if address.startswith("postgresql"):
        options |= {"pool_pre_ping": True, "connect_args": {"options": "-c timezone=utc"}}
    return options


def bind(app: Any) -> None:
    """Called once by `create_app`: sets the database for background work."""
    global _app
    _app = app


def work_context() -> AbstractContextManager[Any]:
    """For threads and jobs: a session of their own, closed at the end of the block."""
    context: AbstractContextManager[Any] = _app.app_context()
    return context


def session() -> Session:
    """The session of this request or job."""
    return db.session()


@contextmanager
def transaction() -> Iterator[Session]:
    """A write transaction: committed at the end of the block, rolled back if it raises.

    Objects read before stay loaded but may be stale: decide inside, with conditional updates.
    Raises `Busy` if another writer held the lock for ten seconds.
    """
    current = session()
    current.commit()
    current.info["writing"] = True
    try:
        current.connection(execution_options={"writes": True})
        yield current
        current.commit()
    except OperationalError as error:
        current.rollback()
        raise (Busy() if _is_locked(error) else error) from None
    except BaseException:
        current.rollback()
        raise
    finally:
        current.info["writing"] = False


def changed_one(current: Session, statement: Update | Insert | Delete) -> bool:
    """Runs a conditional write and returns whether its condition held. Races are decided this way."""
    result = current.execute(statement, execution_options={"preserve_rowcount": True})
    return getattr(result, "rowcount", 0) > 0  # -1 if unknown, as for PostgreSQL’s inserts


def insert_new(current: Session, model: type[Base], **values: Any) -> bool:
    """Inserts a row unless its key exists; returns whether it did. Waits for concurrent transactions."""
    sqlite = current.get_bind().dialect.name == "sqlite"
    insert = sqlite_insert if sqlite else postgres_insert
    return changed_one(current, insert(model).values(**values).on_conflict_do_nothing())


def first_row(statement: Select[Any], **values: Any) -> Row[Any] | None:
    """Reads one row without session and transaction, for queries that every gateway request makes."""
    with db.engine.connect() as connection:
        return (
            connection.execution_options(isolation_level="AUTOCOMMIT")
            .execute(statement, values)
            .first()
        )


def release() -> None:
    """Ends a read transaction and returns its connection, before slow work. Objects stay loaded."""
    if not db.session.registry.has():
        return
    session().commit()
    db.session.remove()


@event.listens_for(Session, "before_flush")
def _only_in_a_transaction(current: Session, *_: Any) -> None:
    if not current.info.get("writing"):
        raise RuntimeError("a write outside core.db.transaction()")


@event.listens_for(Engine, "connect")
def _prepare_sqlite(connection: Any, _record: Any) -> None:
    if not isinstance(connection, sqlite3.Connection):
        return
    connection.isolation_level = None
    for pragma in (
        "journal_mode = WAL",
        "synchronous = NORMAL",
        "foreign_keys = ON",
        f"busy_timeout = {SQLITE_BUSY_MILLISECONDS}",
    ):
        connection.execute(f"PRAGMA {pragma}")


@event.listens_for(Engine, "begin")
def _begin_sqlite(connection: Connection) -> None:
    if connection.dialect.name != "sqlite":
        return
    if not connection.get_execution_options().get("writes"):
        connection.exec_driver_sql("BEGIN")
        return
    deadline = clock.monotonic() + WRITE_WAIT_SECONDS
    while not _took_the_lock(connection, deadline):
        time.sleep(0.01)


def _took_the_lock(connection: Connection, deadline: float) -> bool:
    try:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    except OperationalError as error:
        if not _is_locked(error) or clock.monotonic() > deadline:
            raise
        return False
    return True


def _is_locked(error: OperationalError) -> bool:
    return "locked" in str(error.orig) or "lock timeout" in str(error.orig)
