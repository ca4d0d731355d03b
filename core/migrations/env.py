"""Runs migrations on the application's own database: `flask db upgrade`, and `bin/run` before it starts."""

from typing import Any

from alembic import context

from core.db import UTCDateTime, db


def as_sql_type(kind: str, value: Any, _: Any) -> str | bool:
    """Migrations name plain SQL types, so that they outlive ours."""
    return (
        "sa.DateTime(timezone=True)" if kind == "type" and isinstance(value, UTCDateTime) else False
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
        with context.begin_transaction():
            context.run_migrations()
        connection.commit()


run()
