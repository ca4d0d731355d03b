"""Shared by the CLI commands: error messages, and secrets from standard input."""

import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

import click
from sqlalchemy.exc import DBAPIError

from core.errors import MevichatError

_NO_SCHEMA = (
    "The database has no tables yet, or those of an earlier release. Start Mevichat once with bin/run, or "
    "run bin/flask db upgrade. Then run this command again."
)
_DATABASE_FAILED = (
    "The database can’t be used ({error}). Check DATABASE_URL and DATA_DIR, and that it is running."
)
_MISSING = ("no such table", "no such column", "UndefinedTable", "UndefinedColumn")
"""In SQLite's message, or the name of PostgreSQL's error."""


def explained(command: Callable[..., Any]) -> Callable[..., Any]:
    """Turns our errors into one sentence on standard error and exit code 1."""

    @wraps(command)
    def run(*args: Any, **values: Any) -> Any:
        try:
            return command(*args, **values)
        except MevichatError as error:
            raise click.ClickException(error.message) from None
        except DBAPIError as error:
            raise click.ClickException(_sentence(error)) from None

    return run


def _sentence(error: DBAPIError) -> str:
    cause = f"{type(error.orig).__name__}: {error.orig}"
    if any(sign in cause for sign in _MISSING):
        return _NO_SCHEMA
    return _DATABASE_FAILED.format(error=" ".join(cause.split())[:200])


def secret_from_input(label: str) -> str:
    """Reads a secret from standard input; on a terminal, prompts for it without echo."""
    if sys.stdin.isatty():
        text: str = click.prompt(label, hide_input=True)
        return text
    return sys.stdin.readline().rstrip("\r\n")
