"""The operator's command line: `bin/flask …`. Secrets come on standard input; ids and tokens alone go out."""

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
@click.option("--name", default="", help="Shown to colleagues; taken from the address if left out.")
@explained
def create_person(email: str, name: str) -> None:
    """Makes an account. The password is read from standard input."""
    click.echo(people.sign_up(email, secret_from_input("Password"), name, by=OPERATOR).id)


@people_group.command("set-password")
@click.argument("email")
@explained
def set_password(email: str) -> None:
    """Sets a password, read from standard input. Ends every sign-in of the person, and mails them."""
    passwords.set_by_operator(people.by_email(email), secret_from_input("Password"))


@people_group.command("reset-second-factor")
@click.argument("email")
@explained
def reset_second_factor(email: str) -> None:
    """Switches the second factor off, for who has lost app and codes. Make sure first who asks."""
    two_factor.disable(people.by_email(email))


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


@bots_group.command("create")
@click.argument("slug")
@click.option("--name", required=True)
@click.option("--model", default="mevichat:mini", show_default=True)
@click.option("--instructions", default="")
@click.option("--origin", multiple=True, help="A site that may call the bot; can be repeated.")
@click.option("--unlimited", is_flag=True, help="No limits of its own and no cache, to measure.")
@explained
def create_bot(
    slug: str, name: str, model: str, instructions: str, origin: tuple[str, ...], unlimited: bool
) -> None:
    """Makes a bot and prints its id."""
    draft = Draft(name=name, model=model, instructions=instructions, allowed_origins=origin)
    if unlimited:
        draft = replace(draft, visitor_limit=0, address_limit=0, caches=False)
    click.echo(bots.create(workspaces.by_slug(slug), draft, OPERATOR).id)


@click.command("seed")
@click.option("--email", default="demo@example.com", show_default=True)
@explained
def seed(email: str) -> None:
    """Sample data to look at: a person, an organization, bots and a month of conversations."""
    from web.cli.seeding import seed_everything

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
