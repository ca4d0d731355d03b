"""Runs migrations on the application's own database: `flask db upgrade`, and `bin/run` before it starts."""

import sys
from typing import Any

from alembic import context
from alembic.util import CommandError

from core.db import UTCDateTime, db


def as_sql_type(kind: str, value: Any, _: Any) -> str | bool:
    """Migrations name plain SQL types, so that they outlive ours."""
    return (
        "sa.DateTime(timezone=True)" if kind == "type" and isinstance(value, UTCDateTime) else False
    )


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


def run() -> None:
    with db.engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=db.metadata,
            render_as_batch=True,
            compare_type=True,
            render_item=as_sql_type,
        )
        refuse_a_newer_database()
        with context.begin_transaction():
            context.run_migrations()
        connection.commit()


run()
