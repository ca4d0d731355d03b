import sqlite3
import threading
import time

import pytest
from sqlalchemy import update

from core import db
from core.accounts.models import Workspace
from core.errors import Busy
from tests.people import make_person, make_workspace


def test_a_write_outside_a_transaction_is_refused(app):
    workspace = make_workspace(make_person("rita"), "Acme", "pro")
    workspace.name = "Changed"
    with pytest.raises(RuntimeError, match="outside"):
        db.session().flush()
    db.session().rollback()


def test_a_failing_block_changes_nothing(app):
    workspace = make_workspace(make_person("rita"), "Acme", "pro")
    with pytest.raises(ZeroDivisionError), db.transaction() as current:
        current.execute(update(Workspace).values(name="Changed"))
        raise ZeroDivisionError
    db.session().expire_all()
    assert db.session().get_one(Workspace, workspace.id).name == "Acme"


def test_a_locked_database_is_waited_for(app, chosen):
    holder = _lock(chosen)
    threading.Timer(0.5, holder.rollback).start()
    started = time.monotonic()
    make_person("rita")
    assert time.monotonic() - started > 0.3


def test_a_database_that_stays_locked_is_said_to_be_busy(app, chosen, monkeypatch):
    monkeypatch.setattr(db, "WRITE_WAIT_SECONDS", 0.2)
    holder = _lock(chosen)
    with pytest.raises(Busy):
        make_person("rita")
    holder.rollback()
    make_person("rita")


def _lock(chosen) -> sqlite3.Connection:
    path = chosen.database_url.removeprefix("sqlite:///")
    holder = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    holder.execute("BEGIN IMMEDIATE")
    return holder
