"""The operator's commands for gateway balances and tokens. A token is printed once, by itself."""

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

balance_group = AppGroup("balance", help="Workspace balances for requests on the operator’s keys.")
tokens_group = AppGroup("tokens", help="Gateway tokens.")


def register(app: Flask) -> None:
    for group in (balance_group, tokens_group):
        app.cli.add_command(group)


@balance_group.command("add")
@click.argument("slug")
@click.argument("usd")
@click.option("--note", default="", help="For example an invoice number; shown in the ledger.")
@explained
def add(slug: str, usd: str, note: str) -> None:
    """Add US dollars to a workspace's balance and print the new balance. Debt is paid from it first."""
    workspace = workspaces.by_slug(slug)
    balance.top_up(workspace.id, money.parse_usd(usd), note, OPERATOR)
    _print_balance(workspace.id)


@balance_group.command("show")
@click.argument("slug")
@explained
def show(slug: str) -> None:
    """Print the balance in US dollars, without amounts held for running requests, and what is owed."""
    _print_balance(workspaces.by_slug(slug).id)


def _print_balance(workspace_id: str) -> None:
    click.echo(money.format_exact(balance.balance_of(workspace_id)))
    if owed := balance.debt_of(workspace_id):
        click.echo(f"owed {money.format_exact(owed)}: requests get status 402 until it is paid")


@tokens_group.command("create")
@click.argument("slug")
@click.argument("email")
@click.option("--name", required=True, help="What the token is for.")
@click.option("--days", type=click.IntRange(1, 3650), help="Days until it expires. Default: never.")
@explained
def create(slug: str, email: str, name: str, days: int | None) -> None:
    """Create a token for a member and print it. It can't be shown again."""
    expires_at = clock.now() + timedelta(days=days) if days else None
    workspace, person = workspaces.by_slug(slug), people.by_email(email)
    secret_key = current_app.config["SECRET_KEY"]
    click.echo(tokens.create(workspace, person, name, expires_at, OPERATOR, secret_key)[1])


@tokens_group.command("list")
@click.argument("slug")
@explained
def list_tokens(slug: str) -> None:
    """List tokens, one per line: id, last four characters, owner, status, name."""
    for token in tokens.of_workspace(workspaces.by_slug(slug).id):
        click.echo(
            f"{token.id} {token.mask[-4:]} {token.person.email} {_state(token)} {token.name}"
        )


@tokens_group.command("revoke")
@click.argument("slug")
@click.argument("token_id")
@explained
def revoke(slug: str, token_id: str) -> None:
    """Revoke a token immediately, by its id from `tokens list`."""
    tokens.revoke(tokens.get(workspaces.by_slug(slug).id, token_id), OPERATOR)


def _state(token: GatewayToken) -> str:
    if token.revoked_at:
        return "revoked"
    if not tokens.is_live(token):
        return "expired"
    return f"until-{token.expires_at.date()}" if token.expires_at else "works"
