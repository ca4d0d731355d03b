"""What is remembered of the database: as long as nobody commits, and never past that."""

from contextlib import contextmanager

import pytest
from sqlalchemy import create_engine, select, text, update

from core import db
from core.accounts.models import Workspace
from core.commit_cache import CommitCache
from tests.databases import on_both_databases


class Reading:
    """Reads a workspace's name, and counts how often."""

    def __init__(self, most=10):
        self.times, self.known = 0, CommitCache(self._read, most)

    def _read(self, slug):
        self.times += 1
        row = db.first_row(select(Workspace.name).where(Workspace.slug == slug))
        return row.name if row else None


@pytest.fixture
def reading(cast):
    return Reading()


@contextmanager
def elsewhere(chosen):
    """A connection as another process has it."""
    engine = create_engine(chosen.database_address)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def test_it_is_read_once_while_nobody_commits(cast, chosen, reading):
    with elsewhere(chosen) as connection:
        connection.execute(text("UPDATE workspaces SET name = 'Other'"))
        names = [reading.known.get(cast.workspace.slug) for _ in range(3)]
        connection.rollback()
    assert (names, reading.times) == ([cast.workspace.name] * 3, 1)
    assert reading.known.get(cast.workspace.slug) == cast.workspace.name


@on_both_databases
def test_the_commit_of_another_process_is_seen_at_once(cast, chosen, reading):
    with elsewhere(chosen) as connection:
        for name in ("Other", "Another", "One more"):
            reading.known.get(cast.workspace.slug)
            connection.execute(text("UPDATE workspaces SET name = :name"), {"name": name})
            connection.commit()
            assert reading.known.get(cast.workspace.slug) == name


@on_both_databases
def test_a_commit_of_our_own_is_seen_at_once(cast, reading):
    reading.known.get(cast.workspace.slug)
    with db.transaction() as current:
        current.execute(update(Workspace).values(name="Other"))
    assert reading.known.get(cast.workspace.slug) == "Other"


def test_what_is_not_there_is_looked_for_each_time(app, reading):
    assert [reading.known.get("nowhere") for _ in range(3)] == [None] * 3
    assert reading.times == 3


@pytest.mark.parametrize(("keys", "times"), [(1, 0), (2, 0), (3, 1)])
def test_of_more_than_its_number_the_oldest_goes(app, keys, times):
    read = []
    known = CommitCache(lambda key: read.append(key) or key, most=2)
    for key in range(1, keys + 1):
        known.get(key)
    read.clear()
    assert (known.get(1), len(read)) == (1, times)
