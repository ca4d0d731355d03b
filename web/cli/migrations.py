"""`flask db …`, Alembic's CLI. Loaded only when used: web processes and workers don't need it."""

from pathlib import Path
from typing import Any

import click
from flask import Flask

from core.db import db

FOLDER = Path(__file__).parents[2] / "core" / "migrations"
NAME = "db"


class LazyMigrations(click.Group):
    """A placeholder in `flask --help` that loads Alembic's commands when used."""

    def __init__(self, app: Flask) -> None:
        super().__init__(NAME, help="Perform database migrations.")
        self._app = app

    def make_context(self, *args: Any, **options: Any) -> click.Context:
        prepare(self._app)
        return self._app.cli.commands[NAME].make_context(*args, **options)


def register(app: Flask) -> None:
    app.cli.add_command(LazyMigrations(app))


def prepare(app: Flask) -> None:
    """Loads Alembic, so that `flask_migrate.upgrade()` and the other commands work on this application."""
    from flask_migrate import Migrate

    Migrate(app, db, directory=str(FOLDER), command=NAME, render_as_batch=True, compare_type=True)
