"""`flask audit verify`: verifies the hash chains of the audit log."""

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
    """Verifies the audit log of every workspace, or of SLUG only. Exit code 1 if one was altered."""
    selected = [workspaces.by_slug(slug)] if slug else workspaces.all_workspaces()
    results = [_is_intact(workspace) for workspace in selected]
    if not all(results):
        raise SystemExit(1)


def _is_intact(workspace: Workspace) -> bool:
    report = audit.verify(workspace.id)
    click.echo(f"{workspace.slug} {report.lines} {report.problem or 'ok'}")
    return not report.problem
