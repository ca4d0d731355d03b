"""The operator's commands for provider keys: `bin/flask keys …`. Secrets are read from standard input only."""

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
    """Add or replace a provider key, read from standard input and tested first."""
    workspace = workspaces.by_slug(slug)
    checks.require_plan(workspace)
    chosen = _byok_provider(provider)
    secret, _hint = paste.tidy(secret_from_input("Key"))
    paste.check(secret, chosen)
    session().commit()
    outcome = probe(endpoints.endpoint(chosen.slug), secret, chosen)
    if outcome.failure:
        raise Invalid(f"The key wasn’t saved. {chosen.name} said: {outcome.failure.message}")
    proof = Proof(new_id("chk"), model_access.missing_models(chosen.slug, secret) or ())
    click.echo(saving.save(workspace.id, chosen.slug, secret, OPERATOR, proof).id)


@keys.command("reencrypt")
@explained
def reencrypt() -> None:
    """Re-encrypt every secret with the newest of ENCRYPTION_KEYS. The service can keep running.

    It can be interrupted and started again. Exit code 1 if a secret can't be decrypted.
    """
    report = reencryption.reencrypt(_print_progress)
    click.echo(f"{report.moved} re-encrypted, {report.there_already} already current.")
    for secret in report.unreadable:
        click.echo(f"can’t be decrypted: {secret}")
    if report.unreadable:
        click.echo(
            "Add the key that encrypted these back to ENCRYPTION_KEYS and run this again. "
            "If it’s lost, the provider keys have to be entered again in the console.",
            err=True,
        )
        sys.exit(1)


@keys.command("doctor")
@explained
def examine() -> None:
    """Report keys that can't be decrypted, encryption keys still in use, and whether checks run."""
    report = key_doctor.examine()
    for line in report.facts:
        click.echo(f"ok       {line}")
    for line in report.problems:
        click.echo(f"problem  {line}")
    sys.exit(1 if report.problems else 0)


@keys.command("mark-subscription")
@click.argument("slug")
@click.argument("provider")
@click.option("--name", default="", help="For example “Token Plan Plus”. Default: no subscription.")
@click.option("--url", default="", help="Where to cancel the subscription.")
@explained
def mark_subscription(slug: str, provider: str, name: str, url: str) -> None:
    """Mark a key as part of a subscription: removing the key doesn't cancel the subscription."""
    if url and not url.startswith("https://"):
        raise Invalid("--url must start with https://.")
    key = store.get(workspaces.by_slug(slug).id, _byok_provider(provider).slug)
    store.mark_subscription(key, name, url, OPERATOR)


def _print_progress(step: str, count: int) -> None:
    click.echo(f"{step}: {count}", err=True)


def _byok_provider(slug: str) -> catalogue.Provider:
    providers = {provider.slug: provider for provider in catalogue.byok_providers()}
    if slug not in providers:
        raise Invalid(f"There’s no provider “{slug}”. Choose one of: {', '.join(providers)}.")
    return providers[slug]
