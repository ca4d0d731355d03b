"""The operator's CLI: `bin/flask …`. Secrets are read from standard input; output is bare ids or tokens."""

from dataclasses import replace
from pathlib import Path

import click
from flask import Flask, current_app
from flask.cli import AppGroup

from core.accounts import passwords, people, two_factor, workspaces
from core.accounts.actor import OPERATOR
from core.bots import bots
from core.bots.bots import Draft
from core.errors import Invalid
from core.operations import backup
from web.cli import keys
from web.cli.command_line import explained, secret_from_input

people_group = AppGroup("people", help="People and their accounts.")
workspaces_group = AppGroup("workspaces", help="Workspaces and their plans.")
bots_group = AppGroup("bots", help="Bots.")


def register(app: Flask) -> None:
    for group in (people_group, workspaces_group, keys.keys, bots_group):
        app.cli.add_command(group)
    for command in (seed, write_backup, restore_backup):
        app.cli.add_command(command)


@people_group.command("create")
@click.argument("email")
@click.option(
    "--name", default="", help="Shown to colleagues. Default: taken from the email address."
)
@explained
def create_person(email: str, name: str) -> None:
    """Create an account. Reads the password from standard input."""
    click.echo(people.sign_up(email, secret_from_input("Password"), name, by=OPERATOR).id)


@people_group.command("set-password")
@click.argument("email")
@explained
def set_password(email: str) -> None:
    """Set a password, read from standard input. Signs the person out everywhere and emails them."""
    passwords.set_by_operator(people.by_email(email), secret_from_input("Password"))


@people_group.command("reset-second-factor")
@click.argument("email")
@explained
def reset_second_factor(email: str) -> None:
    """Disable two-factor authentication for a person who lost app and codes. Verify their identity first."""
    two_factor.disable(people.by_email(email))


@workspaces_group.command("create")
@click.argument("name")
@click.option("--owner", required=True, metavar="EMAIL")
@explained
def create_workspace(name: str, owner: str) -> None:
    """Create an organization workspace and print its slug."""
    person = people.find(owner)
    if person is None:
        raise Invalid(
            f"There’s no account with {owner}. Create one with: flask people create {owner}"
        )
    click.echo(workspaces.create_organization(person, name, OPERATOR).slug)


@workspaces_group.command("set-plan")
@click.argument("slug")
@click.argument("plan")
@explained
def set_plan(slug: str, plan: str) -> None:
    """Change a workspace's plan."""
    workspaces.set_plan(workspaces.by_slug(slug), plan.lower(), OPERATOR)


@bots_group.command("create")
@click.argument("slug")
@click.option("--name", required=True)
@click.option("--model", default="mevichat:mini", show_default=True)
@click.option("--instructions", default="")
@click.option("--origin", multiple=True, help="An allowed site. Can be repeated.")
@click.option("--unlimited", is_flag=True, help="No rate limits and no cache, for benchmarks.")
@explained
def create_bot(
    slug: str, name: str, model: str, instructions: str, origin: tuple[str, ...], unlimited: bool
) -> None:
    """Create a bot and print its id."""
    draft = Draft(name=name, model=model, instructions=instructions, allowed_origins=origin)
    if unlimited:
        draft = replace(draft, visitor_limit=0, address_limit=0, caches=False)
    click.echo(bots.create(workspaces.by_slug(slug), draft, OPERATOR).id)


@click.command("seed")
@click.option("--email", default="demo@example.com", show_default=True)
@explained
def seed(email: str) -> None:
    """Create sample data: a person, an organization, bots and a month of conversations."""
    from web.cli.seeding import seed_everything

    for line in seed_everything(email):
        click.echo(line)


@click.command("backup")
@click.argument("file", type=click.Path(path_type=Path))
@explained
def write_backup(file: Path) -> None:
    """Back up database and secrets to FILE while the service runs. Keep FILE safe: it can decrypt the keys."""
    backup.write(current_app.config["MEVICHAT"], file)


@click.command("restore")
@click.argument("file", type=click.Path(path_type=Path))
@explained
def restore_backup(file: Path) -> None:
    """Restore a backup into an empty DATA_DIR. Then start the service."""
    backup.restore(current_app.config["MEVICHAT"], file)
