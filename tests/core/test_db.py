import sqlite3
import threading
import time

import pytest
from sqlalchemy import update

from core import db
from core.accounts.models import Workspace
from core.errors import Busy
from core.webhooks.models import Webhook
from tests.databases import on_both_databases
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


@on_both_databases
def test_of_two_that_insert_the_same_the_first_is_told_that_it_did(app):
    """PostgreSQL's driver counts the rows of an insert only when it is asked to."""
    workspace = make_workspace(make_person("rita"), "Acme", "pro")
    values = {"workspace_id": workspace.id, "url": "https://x.example", "sealed_secret": ""}
    outcomes = []
    for _ in range(2):
        with db.transaction() as current:
            outcomes.append(db.insert_new(current, Webhook, enabled=True, failures=0,
                                          changed_at=db.clock.now(), **values))  # fmt: skip
    assert outcomes == [True, False]
