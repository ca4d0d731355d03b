"""The operator's commands for the gateway: balances, and tokens. A token goes out alone, and once."""

from datetime import timedelta

import click
from flask import Flask, current_app
from flask.cli import AppGroup

from core import clock
from core.accounts import people, workspaces
from core.accounts.actor import OPERATOR
from core.gateway import tokens
from core.gateway.billing import balance, money
from core.gateway.models import GatewayToken
from web.cli.command_line import explained

balance_group = AppGroup("balance", help="What workspaces have for the operator’s own keys.")
tokens_group = AppGroup("tokens", help="Tokens that programs use the gateway with.")


def register(app: Flask) -> None:
    for group in (balance_group, tokens_group):
        app.cli.add_command(group)


@balance_group.command("add")
@click.argument("slug")
@click.argument("usd")
@click.option("--note", default="", help="Such as an invoice’s number; shown in the ledger.")
@explained
def add(slug: str, usd: str, note: str) -> None:
    """Adds US dollars to a workspace's balance, and prints the new one."""
    workspace = workspaces.by_slug(slug)
    balance.top_up(workspace.id, money.parse_usd(usd), note, OPERATOR)
    click.echo(money.format_exact(balance.balance_of(workspace.id)))


@balance_group.command("show")
@click.argument("slug")
@explained
def show(slug: str) -> None:
    """Prints what is left, in US dollars; what running requests hold is not in it."""
    click.echo(money.format_exact(balance.balance_of(workspaces.by_slug(slug).id)))


@tokens_group.command("create")
@click.argument("slug")
@click.argument("email")
@click.option("--name", required=True, help="The program that it is for.")
@click.option(
    "--days", type=click.IntRange(1, 3650), help="How long it works; for ever if left out."
)
@explained
def create(slug: str, email: str, name: str, days: int | None) -> None:
    """Makes a token of a member, and prints it: it is never shown again."""
    until = clock.now() + timedelta(days=days) if days else None
    workspace, person = workspaces.by_slug(slug), people.by_email(email)
    secret_key = current_app.config["SECRET_KEY"]
    click.echo(tokens.create(workspace, person, name, until, OPERATOR, secret_key)[1])


@tokens_group.command("list")
@click.argument("slug")
@explained
def list_tokens(slug: str) -> None:
    """One line each: id, what it ends with, whose it is, until when it works, its name."""
    for token in tokens.of_workspace(workspaces.by_slug(slug).id):
        click.echo(
            f"{token.id} {token.mask[-4:]} {token.person.email} {_state(token)} {token.name}"
        )


@tokens_group.command("revoke")
@click.argument("slug")
@click.argument("token_id")
@explained
def revoke(slug: str, token_id: str) -> None:
    """Ends a token at once, by its id from `tokens list`."""
    tokens.revoke(tokens.get(workspaces.by_slug(slug).id, token_id), OPERATOR)


def _state(token: GatewayToken) -> str:
    if token.revoked_at:
        return "revoked"
    if not tokens.is_live(token):
        return "expired"
    return f"until-{token.expires_at.date()}" if token.expires_at else "works"
