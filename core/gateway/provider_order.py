"""The order in which a workspace's keys are tried: its own choice first, then the catalogue's.

Routing reads it for every request, so a change applies to the next one.
"""

from collections.abc import Collection, Iterable

from sqlalchemy import select, update

from core.accounts import audit
from core.accounts.actor import Actor
from core.accounts.models import Workspace
from core.db import changed_one, transaction
from core.errors import Invalid, NotFound
from core.keys import store
from core.providers import catalogue

UP, DOWN = "up", "down"


def order_of(key_order: Iterable[str], held: Collection[str]) -> list[str]:
    """The providers that the workspace has keys for, in the order in which they are tried. Pure."""
    chosen = [slug for slug in key_order if slug in held]
    others = [one.slug for one in catalogue.providers() if one.slug in held]
    return [*chosen, *(slug for slug in others if slug not in chosen)]


def moved(order: list[str], slug: str, way: str) -> list[str]:
    """The order with that provider one place up or down; unchanged at the ends. Pure."""
    at = order.index(slug)
    to = min(max(at + (-1 if way == UP else 1), 0), len(order) - 1)
    rest = [*order[:at], *order[at + 1 :]]
    return [*rest[:to], slug, *rest[to:]]


def move(workspace_id: str, slug: str, way: str, actor: Actor) -> None:
    """Moves a provider by one place; raises `NotFound` if the workspace has no key for it."""
    if way not in (UP, DOWN):
        raise Invalid("Choose whether the provider moves up or down.", "way")
    held = {key.provider for key in store.keys_of(workspace_id)}
    if slug not in held:
        raise NotFound("This workspace has no key for that provider.")
    with transaction() as current:
        audit.lock_workspace(current, workspace_id)
        of_it = Workspace.id == workspace_id
        before = current.scalar(select(Workspace.key_order).where(of_it)) or []
        was = order_of(before, held)
        now = moved(was, slug, way)
        if now == was:
            return
        kept = [other for other in before if other not in held]
        changed_one(current, update(Workspace).where(of_it).values(key_order=[*now, *kept]))
        audit.record(current, workspace_id, actor, "routing.changed", slug, was=was, now=now)
