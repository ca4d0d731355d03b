"""The way of a database from release to release: all of it arrives, or it stays as it was."""

import sqlite3

import psycopg
import pytest
import sqlalchemy as sa
from flask_migrate import check, downgrade, upgrade

from app import create_app
from core.db import db
from tests.conftest import make_settings
from tests.live import previous
from web.cli import migrations

POSTGRES = pytest.param("postgres", marks=pytest.mark.xdist_group("postgres"))


@pytest.fixture(params=["sqlite", POSTGRES])
def address(request, tmp_path):
    """A database without a table."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'mevichat.db'}"
        return
    server = request.getfixturevalue("postgres").url
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("CREATE DATABASE moving")
        yield sa.make_url(server).set(database="moving").render_as_string(hide_password=False)
        connection.execute("DROP DATABASE moving WITH (FORCE)")


@pytest.fixture
def empty(data_dir, address):
    """The product's command line on that database."""
    app = create_app(make_settings(data_dir, database_url=address))
    migrations.prepare(app)
    with app.app_context():
        yield db.engine
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def old(empty, tmp_path):
    """The database as the previous release left it, on either kind."""
    upgrade(revision="0001")
    previous.write_database(tmp_path / "left.db")
    left = sa.create_engine(f"sqlite:///{tmp_path / 'left.db'}")
    with left.connect() as source, empty.begin() as target:
        for table, rows in contents(source).items():
            if rows and table != "alembic_version":
                target.execute(sa.Table(table, sa.MetaData(), autoload_with=target).insert(), rows)
    left.dispose()
    return empty


def contents(connection, columns=None):
    """Every row by table, in an order in which they can be inserted; of `columns` only, if given."""
    reflected = sa.MetaData()
    reflected.reflect(connection)
    found = {}
    for table in reflected.sorted_tables:
        if columns is None or table.name in columns:
            wanted = [c for c in table.columns if columns is None or c.name in columns[table.name]]
            rows = connection.execute(sa.select(*wanted).order_by(*table.primary_key))
            found[table.name] = [dict(row) for row in rows.mappings()]
    return found


def contents_of_the_same(engine, before):
    """What became of the tables and columns that held `before`."""
    columns = {table: rows[0].keys() for table, rows in before.items()}
    with engine.connect() as connection:
        return contents(connection, columns)


def everything(engine):
    with engine.connect() as connection:
        return contents(connection)


def test_every_row_of_the_previous_release_arrives_as_it_was(old):
    before = everything(old)
    before.pop("alembic_version")
    assert sum(map(len, before.values())) > 30
    upgrade()
    assert contents_of_the_same(old, before) == before


def test_every_old_key_is_looked_at_as_soon_as_the_schedule_runs(old):
    upgrade()
    keys = everything(old)["provider_keys"]
    assert [key["recheck_at"] for key in keys] == [key["checked_at"] for key in keys]
    for key in keys:
        new = (key["ring_key"], key["unavailable_models"], key["told_broken_at"])
        assert (new, key["rechecks_failed"]) == (("", [], None), 0)


def test_the_audit_log_refuses_a_change_from_its_first_line_on(old):
    upgrade()
    line = {
        "workspace_id": everything(old)["workspaces"][0]["id"],
        "number": 1,
        "at": sa.func.current_timestamp(),
        "details": {},
        "generation": 1,
        "seal": "0" * 64,
        **dict.fromkeys(("actor", "actor_id", "origin", "action", "subject"), ""),
    }
    lines = sa.Table("audit_lines", sa.MetaData(), autoload_with=old)
    with old.begin() as connection:
        connection.execute(lines.insert().values(line))
    for change in (lines.update().values(actor="Nobody"), lines.delete()):
        with pytest.raises(sa.exc.DBAPIError, match="never changed"), old.begin() as connection:
            connection.execute(change)
    assert len(everything(old)["audit_lines"]) == 1


def test_an_upgrade_that_fails_on_its_way_leaves_everything_as_it_was(old):
    """Its last table is in the way: all that comes before is undone."""
    before = everything(old)
    with old.begin() as connection:
        connection.execute(sa.text("CREATE TABLE key_days (mine INTEGER)"))
    with pytest.raises(sa.exc.DBAPIError, match="key_days"):
        upgrade()
    with old.begin() as connection:
        connection.execute(sa.text("DROP TABLE key_days"))
    assert everything(old) == before
    upgrade()
    assert everything(old)["alembic_version"] != before["alembic_version"]


def test_a_second_upgrade_changes_nothing(old):
    upgrade()
    before = everything(old)
    upgrade()
    assert everything(old) == before


def test_no_release_takes_a_step_back(old):
    """What it added would be lost: a backup is the way back."""
    upgrade()
    before = everything(old)
    with pytest.raises(SystemExit):
        downgrade()
    assert everything(old) == before


def test_the_bots_of_earlier_releases_say_the_usual_sentences(old):
    upgrade()
    assert {(bot["limit_text"], bot["unknown_text"]) for bot in everything(old)["bots"]} == {
        ("", "")
    }


def test_a_database_of_a_newer_release_is_left_alone_with_a_sentence(old):
    upgrade()
    with old.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    before = everything(old)
    with pytest.raises(SystemExit, match="newer release of Mevichat .its revision 9999"):
        upgrade()
    assert everything(old) == before


def test_the_migrations_make_the_tables_that_the_models_describe(empty):
    upgrade()
    check()


@pytest.mark.parametrize("address", ["sqlite"], indirect=True)
def test_the_first_migration_still_makes_what_the_previous_release_made(empty, tmp_path):
    upgrade(revision="0001")
    previous.write_database(tmp_path / "left.db")
    assert schema(tmp_path / "mevichat.db") == schema(tmp_path / "left.db")


def schema(path):
    connection = sqlite3.connect(path)
    try:
        return connection.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()
    finally:
        connection.close()


def test_alembic_is_there_for_who_asks_on_the_command_line_and_for_nobody_else(data_dir, tmp_path):
    path = tmp_path / "mevichat.db"
    made = create_app(make_settings(data_dir, database_url=f"sqlite:///{path}"))
    run = made.test_cli_runner().invoke
    assert "Perform database migrations." in run(args=["--help"]).output
    assert "migrate" not in made.extensions
    assert "upgrade" in run(args=["db", "--help"]).output
    assert run(args=["db", "upgrade"]).exit_code == 0
    assert sqlite3.connect(path).execute("SELECT version_num FROM alembic_version").fetchone()
