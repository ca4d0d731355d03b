"""The operator's commands for provider keys: `bin/flask keys …`. A secret comes on standard input only."""

import sys

import click
from flask.cli import AppGroup

from core.accounts import workspaces
from core.accounts.actor import OPERATOR
from core.db import session
from core.errors import Invalid
from core.ids import new_id
from core.keys import checks, model_access, paste, saving, store
from core.keys.saving import Proof
from core.operations import key_doctor, reencryption
from core.providers import catalogue, endpoints
from core.providers.probe import probe
from web.cli.command_line import explained, secret_from_input

keys = AppGroup("keys", help="Provider keys.")


@keys.command("add")
@click.argument("slug")
@click.argument("provider")
@explained
def add(slug: str, provider: str) -> None:
    """Adds or replaces a provider key, read from standard input and checked first."""
    workspace = workspaces.by_slug(slug)
    checks.require_plan(workspace)
    chosen = _byok_provider(provider)
    secret, _hint = paste.tidy(secret_from_input("Key"))
    paste.check(secret, chosen)
    session().commit()
    outcome = probe(endpoints.endpoint(chosen.slug), secret, chosen)
    if outcome.failure:
        raise Invalid(f"Nothing was stored. {chosen.name} said: {outcome.failure.message}")
    proof = Proof(new_id("chk"), model_access.missing_models(chosen.slug, secret) or ())
    click.echo(saving.save(workspace.id, chosen.slug, secret, OPERATOR, proof).id)


@keys.command("reencrypt")
@explained
def reencrypt() -> None:
    """Moves every sealed secret to the newest of ENCRYPTION_KEYS, while the service runs.

    May be stopped and started again. Ends with exit code 1 where something could not be read.
    """
    report = reencryption.reencrypt(_say_progress)
    click.echo(f"{report.moved} moved, {report.there_already} were there already.")
    for what in report.unreadable:
        click.echo(f"cannot be read: {what}")
    if report.unreadable:
        click.echo(
            "Put the ring key that these were sealed under back into ENCRYPTION_KEYS and run this again; "
            "if it is lost, provider keys have to be entered again in the console.",
            err=True,
        )
        sys.exit(1)


@keys.command("doctor")
@explained
def examine() -> None:
    """Says which keys cannot be read, which ring keys are still needed, and whether checks are taken."""
    found = key_doctor.examine()
    for line in found.facts:
        click.echo(f"ok       {line}")
    for line in found.problems:
        click.echo(f"problem  {line}")
    sys.exit(1 if found.problems else 0)


@keys.command("mark-subscription")
@click.argument("slug")
@click.argument("provider")
@click.option("--name", default="", help="Such as “Token Plan Plus”; left out: no subscription.")
@click.option("--url", default="", help="Where the subscription is cancelled.")
@explained
def mark_subscription(slug: str, provider: str, name: str, url: str) -> None:
    """Says that a subscription provisioned a key: removing it does not end the billing."""
    if url and not url.startswith("https://"):
        raise Invalid("--url must begin with https://.")
    key = store.get(workspaces.by_slug(slug).id, _byok_provider(provider).slug)
    store.mark_subscription(key, name, url, OPERATOR)


def _say_progress(what: str, count: int) -> None:
    click.echo(f"{what}: {count}", err=True)


def _byok_provider(slug: str) -> catalogue.Provider:
    found = {provider.slug: provider for provider in catalogue.byok_providers()}
    if slug not in found:
        raise Invalid(f"There is no provider “{slug}”. There are: {', '.join(found)}.")
    return found[slug]
