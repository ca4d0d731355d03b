"""`flask audit verify`: reads the chains of the audit log again, for the operator."""

import click
from flask import Flask
from flask.cli import AppGroup

from core.accounts import audit, workspaces
from core.accounts.models import Workspace
from web.cli.command_line import explained

audit_group = AppGroup("audit", help="The audit log.")


def register(app: Flask) -> None:
    app.cli.add_command(audit_group)


@audit_group.command("verify")
@click.argument("slug", required=False)
@explained
def verify(slug: str | None) -> None:
    """Says of each workspace (or of SLUG's) whether its log is whole. Exit code 1 if one is not."""
    chosen = [workspaces.by_slug(slug)] if slug else workspaces.all_workspaces()
    whole = [_verified(workspace) for workspace in chosen]
    if not all(whole):
        raise SystemExit(1)


def _verified(workspace: Workspace) -> bool:
    found = audit.verify(workspace.id)
    click.echo(f"{workspace.slug} {found.lines} {found.problem or 'ok'}")
    return not found.problem
