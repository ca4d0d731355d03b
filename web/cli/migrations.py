"""`flask db …`, Alembic's command line: loaded when it is asked for, as no web process or worker does."""

from pathlib import Path
from typing import Any

import click
from flask import Flask

from core.db import db

FOLDER = Path(__file__).parents[2] / "core" / "migrations"
NAME = "db"


class WhenAskedFor(click.Group):
    """Stands for Alembic's group in `flask --help`, and makes way for it."""

    def __init__(self, app: Flask) -> None:
        super().__init__(NAME, help="Perform database migrations.")
        self._app = app

    def make_context(self, *given: Any, **more: Any) -> click.Context:
        prepare(self._app)
        return self._app.cli.commands[NAME].make_context(*given, **more)


def register(app: Flask) -> None:
    app.cli.add_command(WhenAskedFor(app))


def prepare(app: Flask) -> None:
    """Loads Alembic: from here on `flask_migrate.upgrade()` and its like work on this application."""
    from flask_migrate import Migrate

    Migrate(app, db, directory=str(FOLDER), command=NAME, render_as_batch=True, compare_type=True)
