"""The operator's command line: `bin/flask …`. Secrets come on standard input; ids and tokens alone go out."""

import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click
from flask import Flask, current_app
from flask.cli import AppGroup

from core import backup
from core.accounts import people, workspaces
from core.accounts.actor import OPERATOR
from core.bots import bots
from core.bots.bots import Draft
from core.errors import Invalid, MevichatError
from core.ids import new_id
from core.keys import checks, life, paste
from core.providers import catalogue, endpoints
from core.providers.probe import probe

people_group = AppGroup("people", help="People and their accounts.")
workspaces_group = AppGroup("workspaces", help="Workspaces and their plans.")
keys_group = AppGroup("keys", help="Provider keys.")
bots_group = AppGroup("bots", help="Bots.")


def register(app: Flask) -> None:
    for group in (people_group, workspaces_group, keys_group, bots_group):
        app.cli.add_command(group)
    for command in (seed, write_backup, restore_backup):
        app.cli.add_command(command)


def explained(command: Callable[..., Any]) -> Callable[..., Any]:
    """Our errors as one sentence on standard error and exit code 1."""

    @wraps(command)
    def run(*args: Any, **values: Any) -> Any:
        try:
            return command(*args, **values)
        except MevichatError as error:
            raise click.ClickException(error.message) from None

    return run


@people_group.command("create")
@click.argument("email")
@click.option("--name", default="", help="Shown to colleagues; taken from the address if left out.")
@explained
def create_person(email: str, name: str) -> None:
    """Makes an account. The password is read from standard input."""
    click.echo(people.sign_up(email, _secret("Password"), name).id)


@workspaces_group.command("create")
@click.argument("name")
@click.option("--owner", required=True, metavar="EMAIL")
@explained
def create_workspace(name: str, owner: str) -> None:
    """Makes an organization workspace and prints its slug."""
    person = people.find(owner)
    if person is None:
        raise Invalid(
            f"Nobody has an account with {owner}. Make one with: flask people create {owner}"
        )
    click.echo(workspaces.create_organization(person, name, OPERATOR).slug)


@workspaces_group.command("set-plan")
@click.argument("slug")
@click.argument("plan")
@explained
def set_plan(slug: str, plan: str) -> None:
    """Puts a workspace on a plan of its kind."""
    workspaces.set_plan(workspaces.by_slug(slug), plan.lower(), OPERATOR)


@keys_group.command("add")
@click.argument("slug")
@click.argument("provider")
@explained
def add_key(slug: str, provider: str) -> None:
    """Adds or replaces a provider key, read from standard input and checked first."""
    workspace = workspaces.by_slug(slug)
    checks.require_plan(workspace)
    chosen = _byok_provider(provider)
    secret, _hint = paste.tidy(_secret("Key"))
    paste.check(secret, chosen)
    outcome = probe(endpoints.endpoint(chosen.slug), secret, chosen)
    if outcome.failure:
        raise Invalid(f"Nothing was stored. {chosen.name} said: {outcome.failure.message}")
    click.echo(life.save(workspace.id, chosen.slug, secret, "the operator", new_id("chk")).id)


@bots_group.command("create")
@click.argument("slug")
@click.option("--name", required=True)
@click.option("--model", default="mevichat:mini", show_default=True)
@click.option("--instructions", default="")
@click.option("--origin", multiple=True, help="A site that may call the bot; can be repeated.")
@explained
def create_bot(
    slug: str, name: str, model: str, instructions: str, origin: tuple[str, ...]
) -> None:
    """Makes a bot and prints its id."""
    draft = Draft(name=name, model=model, instructions=instructions, allowed_origins=origin)
    click.echo(bots.create(workspaces.by_slug(slug), draft, OPERATOR).id)


@click.command("seed")
@click.option("--email", default="demo@example.com", show_default=True)
@explained
def seed(email: str) -> None:
    """Sample data to look at: a person, an organization, bots and a month of conversations."""
    from web.seeding import seed_everything

    for line in seed_everything(email):
        click.echo(line)


@click.command("backup")
@click.argument("file", type=click.Path(path_type=Path))
@explained
def write_backup(file: Path) -> None:
    """Writes database and secrets into FILE, while the service runs. Keep it safe: it opens the keys."""
    backup.write(current_app.config["MEVICHAT"], file)


@click.command("restore")
@click.argument("file", type=click.Path(path_type=Path))
@explained
def restore_backup(file: Path) -> None:
    """Puts a backup into an empty DATA_DIR. Start the service afterwards."""
    backup.restore(current_app.config["MEVICHAT"], file)


def _byok_provider(slug: str) -> catalogue.Provider:
    found = {provider.slug: provider for provider in catalogue.byok_providers()}
    if slug not in found:
        raise Invalid(f"There is no provider “{slug}”. There are: {', '.join(found)}.")
    return found[slug]


def _secret(what: str) -> str:
    """From standard input; asked for without echo on a terminal."""
    if sys.stdin.isatty():
        text: str = click.prompt(what, hide_input=True)
        return text
    return sys.stdin.readline().rstrip("\r\n")
