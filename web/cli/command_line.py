"""Shared by the CLI commands: error messages, and secrets from standard input."""

import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from core.errors import MevichatError


def explained(command: Callable[..., Any]) -> Callable[..., Any]:
    """Turns our errors into one sentence on standard error and exit code 1."""

    @wraps(command)
    def run(*args: Any, **values: Any) -> Any:
        try:
            return command(*args, **values)
        except MevichatError as error:
            raise click.ClickException(error.message) from None

    return run


def secret_from_input(label: str) -> str:
    """Reads a secret from standard input; on a terminal, prompts for it without echo."""
    if sys.stdin.isatty():
        text: str = click.prompt(label, hide_input=True)
        return text
    return sys.stdin.readline().rstrip("\r\n")
