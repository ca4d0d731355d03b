"""Runs migrations on the application's own database: `flask db upgrade`, and `bin/run` before it starts."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from alembic import context
from alembic.util import CommandError
from sqlalchemy import Connection

from core.db import UTCDateTime, db


def as_sql_type(kind: str, value: Any, _: Any) -> str | bool:
    """Migrations name plain SQL types, so that they outlive ours."""
    return (
        "sa.DateTime(timezone=True)" if kind == "type" and isinstance(value, UTCDateTime) else False
    )


def is_in_the_models(thing: Any, name: str | None, kind: str, *_: Any) -> bool:
    """Whether models and database are compared in this: the index over chunks is the database's own."""
    return not (kind == "table" and (name or "").startswith("chunk_words"))


def refuse_a_newer_database() -> None:
    """Ends with a sentence where a later release has been: this one would misread what that wrote."""
    for revision in context.get_context().get_current_heads():
        try:
            context.script.get_revision(revision)
        except CommandError:
            sys.exit(
                "This database was upgraded by a newer release of Mevichat "
                f"(its revision {revision} is not known here). Run that release, "
                "or restore a backup made before that upgrade (of SQLite: bin/flask restore FILE)."
            )


@contextmanager
def without_cascades(connection: Connection) -> Iterator[None]:
    """SQLite changes some columns by copying the table and dropping the old one: with foreign keys on,
    that would delete every row that refers to it."""
    raw = connection.connection.dbapi_connection
    if connection.dialect.name != "sqlite" or raw is None:
        yield
        return
    raw.execute("PRAGMA foreign_keys = OFF")  # type: ignore[attr-defined]
    try:
        yield
    finally:
        raw.execute("PRAGMA foreign_keys = ON")  # type: ignore[attr-defined]


def run() -> None:
    with db.engine.connect() as connection, without_cascades(connection):
        context.configure(
            connection=connection,
            target_metadata=db.metadata,
            render_as_batch=True,
            compare_type=True,
            render_item=as_sql_type,
            include_object=is_in_the_models,
        )
        refuse_a_newer_database()
        with context.begin_transaction():
            context.run_migrations()
        connection.commit()


run()
