"""Workspaces: everyone's personal one and organizations, with their plans, settings and members."""

import re
import secrets
import unicodedata
from collections.abc import Iterator
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import InstrumentedAttribute, Session, joinedload

from core import plans
from core.accounts import audit
from core.accounts.actor import Actor
from core.accounts.models import Membership, Person, Workspace
from core.accounts.roles import Role
from core.db import changed_one, session, transaction
from core.errors import Conflict, Invalid, NotFound

MAX_NAME_LENGTH = 80
MAX_RETENTION_DAYS = 3_650


def create_organization(owner: Person, name: str, actor: Actor) -> Workspace:
    """Creates an organization workspace on the starting plan, with one owner."""
    with transaction() as current:
        return _add(current, owner, checked_name(name), "organization", actor)


def add_personal(current: Session, person: Person, actor: Actor) -> Workspace:
    """Creates a new account's personal workspace in the caller's transaction."""
    return _add(current, person, f"{person.name}’s workspace"[:MAX_NAME_LENGTH], "personal", actor)


def _add(current: Session, owner: Person, name: str, kind: str, actor: Actor) -> Workspace:
    plan_key = plans.first_plan_for(kind).key
    for slug in _slugs(name):
        workspace = Workspace(slug=slug, name=name, kind=kind, plan_key=plan_key)
        try:
            with current.begin_nested():
                current.add(workspace)
        except IntegrityError:
            continue
        current.add(Membership(workspace_id=workspace.id, person_id=owner.id, role=Role.OWNER))
        facts = {"name": name, "plan": plan_key}
        audit.record(current, workspace.id, actor, "workspace.created", slug, **facts)
        return workspace
    raise Conflict("Every address for this name is taken. Choose another name.")


def membership(person_id: str, slug: str) -> Membership:
    """The person's membership. Raises `NotFound` for non-members, as for unknown workspaces."""
    membership = session().scalar(
        select(Membership)
        .join(Membership.workspace)
        .where(Membership.person_id == person_id, Workspace.slug == slug)
        .options(joinedload(Membership.workspace))
    )
    if membership is None:
        raise NotFound()
    return membership


def memberships_of(person_id: str) -> list[Membership]:
    """Every workspace of a person, organizations first, by name."""
    rows = session().scalars(
        select(Membership)
        .join(Membership.workspace)
        .where(Membership.person_id == person_id)
        .options(joinedload(Membership.workspace))
        .order_by(Workspace.kind, Workspace.name)
    )
    return list(rows)


def members(workspace_id: str) -> list[Membership]:
    rows = session().scalars(
        select(Membership)
        .join(Membership.person)
        .where(Membership.workspace_id == workspace_id)
        .options(joinedload(Membership.person))
        .order_by(Person.name)
    )
    return list(rows)


def by_slug(slug: str) -> Workspace:
    workspace = session().scalar(select(Workspace).where(Workspace.slug == slug))
    if workspace is None:
        raise NotFound(f"There’s no workspace “{slug}”.")
    return workspace


def all_workspaces() -> list[Workspace]:
    """All workspaces of the deployment, for the operator."""
    return list(session().scalars(select(Workspace).order_by(Workspace.slug)))


def rename(workspace: Workspace, name: str, actor: Actor) -> None:
    _set(workspace, Workspace.name, checked_name(name), actor, "workspace.renamed")


def set_minute_limit(workspace: Workspace, limit: int, actor: Actor) -> None:
    """Sets the rate limit of all bots together, in messages per minute; 0 means no limit."""
    _set(workspace, Workspace.minute_limit, limit, actor, "workspace.minute_limit_set")


def set_retention(workspace: Workspace, days: int, actor: Actor) -> None:
    """Sets how many days conversations are kept after their last message; 0 means forever."""
    if not 0 <= days <= MAX_RETENTION_DAYS:
        raise Invalid(
            f"Enter a number of days from 1 to {MAX_RETENTION_DAYS:,}, or 0 to keep them forever.",
            field="days",
        )
    _set(workspace, Workspace.retention_days, days, actor, "workspace.retention_changed")


def _set(
    workspace: Workspace,
    column: InstrumentedAttribute[Any],
    now: str | int,
    actor: Actor,
    action: str,
) -> None:
    """Changes one column and records the old and new value, unless they are equal."""
    is_workspace = Workspace.id == workspace.id
    with transaction() as current:
        was = current.scalar(select(column).where(is_workspace).with_for_update(key_share=True))
        changed = update(Workspace).where(is_workspace, column != now).values({column: now})
        if changed_one(current, changed):
            audit.record(current, workspace.id, actor, action, workspace.slug, was=was, now=now)


def set_plan(workspace: Workspace, plan_key: str, actor: Actor) -> None:
    """Moves the workspace to a plan of its kind. Bots and keys aren't changed."""
    plan, is_workspace = plan_for(workspace, plan_key), Workspace.id == workspace.id
    with transaction() as current:
        was = current.scalar(
            select(Workspace.plan_key).where(is_workspace).with_for_update(key_share=True)
        )
        if was and move(current, workspace, was, plan):
            record_plan(current, workspace, actor, was, plan)


def plan_for(workspace: Workspace, plan_key: str) -> plans.Plan:
    """The plan of that key. Raises `Invalid` if it is unknown or not for workspaces of this kind."""
    plan = plans.plan(plan_key)
    if plan.kind != workspace.kind:
        raise Invalid(
            f"The {plan.name} plan is for {plan.kind} workspaces. This one is {workspace.kind}."
        )
    return plan


def move(current: Session, workspace: Workspace, was: str, plan: plans.Plan) -> bool:
    """Moves from the plan `was` in the caller's transaction. Returns whether it was still on it."""
    if was == plan.key:
        return False
    still = (Workspace.id == workspace.id, Workspace.plan_key == was)
    return changed_one(current, update(Workspace).where(*still).values(plan_key=plan.key))


def record_plan(
    current: Session, workspace: Workspace, actor: Actor, was: str, plan: plans.Plan
) -> None:
    """Writes the audit line. Call it after all other changes, since it locks the chain."""
    audit.record(current, workspace.id, actor, "plan.changed", plan.key, was=was, now=plan.key)


def checked_name(name: str) -> str:
    name = " ".join(name.split())
    if not 1 <= len(name) <= MAX_NAME_LENGTH:
        raise Invalid(f"Enter a name of 1 to {MAX_NAME_LENGTH} characters.")
    return name


def _slugs(name: str) -> Iterator[str]:
    """`acme`; then, if that is taken, `acme-` and more and more random digits."""
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", ascii_name).strip("-")[:40] or "workspace"
    yield slug
    for bytes_more in (2, 3, 4, 8):
        yield f"{slug}-{secrets.token_hex(bytes_more)}"
