"""Workspaces: the personal one that everybody has, organizations, their plan and who is in them."""

import re
import secrets
import unicodedata
from collections.abc import Iterator

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, joinedload

from core import plans
from core.accounts import audit
from core.accounts.actor import Actor
from core.accounts.models import Membership, Person, Workspace
from core.accounts.roles import Role
from core.db import changed_one, session, transaction
from core.errors import Conflict, Invalid, NotFound

LONGEST_NAME = 80
LONGEST_RETENTION_DAYS = 3_650


def create_organization(owner: Person, name: str, actor: Actor) -> Workspace:
    """An organization workspace on its first plan, with one owner."""
    with transaction() as current:
        made = _add(current, owner, checked_name(name), "organization")
        audit.record(
            current,
            made.id,
            actor,
            "workspace.created",
            made.slug,
            name=made.name,
            plan=made.plan_key,
        )
        return made


def add_personal(current: Session, person: Person) -> Workspace:
    """The workspace that comes with an account, in the caller's transaction."""
    return _add(current, person, f"{person.name}’s workspace"[:LONGEST_NAME], "personal")


def _add(current: Session, owner: Person, name: str, kind: str) -> Workspace:
    plan_key = plans.first_plan_for(kind).key
    for slug in _slugs(name):
        workspace = Workspace(slug=slug, name=name, kind=kind, plan_key=plan_key)
        try:
            with current.begin_nested():
                current.add(workspace)
        except IntegrityError:
            continue
        current.add(Membership(workspace_id=workspace.id, person_id=owner.id, role=Role.OWNER))
        return workspace
    raise Conflict("There is no free address for a workspace of this name. Choose another name.")


def membership(person_id: str, slug: str) -> Membership:
    """The person's place in that workspace; `NotFound` to a stranger, as if there were none."""
    found = session().scalar(
        select(Membership)
        .join(Membership.workspace)
        .where(Membership.person_id == person_id, Workspace.slug == slug)
        .options(joinedload(Membership.workspace))
    )
    if found is None:
        raise NotFound()
    return found


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
    found = session().scalar(select(Workspace).where(Workspace.slug == slug))
    if found is None:
        raise NotFound(f"There is no workspace “{slug}”.")
    return found


def every() -> list[Workspace]:
    """All workspaces of the deployment, for the operator."""
    return list(session().scalars(select(Workspace).order_by(Workspace.slug)))


def rename(workspace: Workspace, name: str, actor: Actor) -> None:
    name, of_this = checked_name(name), Workspace.id == workspace.id
    with transaction() as current:
        was = current.scalar(select(Workspace.name).where(of_this).with_for_update(key_share=True))
        renamed = update(Workspace).where(of_this, Workspace.name != name).values(name=name)
        if changed_one(current, renamed):
            audit.record(
                current, workspace.id, actor, "workspace.renamed", workspace.slug, was=was, now=name
            )


def set_minute_limit(workspace: Workspace, limit: int, actor: Actor) -> None:
    """How many messages all bots together take in a minute; 0 is no limit."""
    of_this = Workspace.id == workspace.id
    with transaction() as current:
        was = current.scalar(
            select(Workspace.minute_limit).where(of_this).with_for_update(key_share=True)
        )
        changed = update(Workspace).where(of_this, Workspace.minute_limit != limit)
        if changed_one(current, changed.values(minute_limit=limit)):
            told = {"was": was, "now": limit}
            audit.record(
                current, workspace.id, actor, "workspace.minute_limit_set", workspace.slug, **told
            )


def set_retention(workspace: Workspace, days: int, actor: Actor) -> None:
    """How many days conversations are kept after their last message; 0 is for ever. `Invalid` beyond."""
    if not 0 <= days <= LONGEST_RETENTION_DAYS:
        raise Invalid(
            f"Give a number of days from 1 to {LONGEST_RETENTION_DAYS:,}, or 0 to keep them for ever.",
            field="days",
        )
    of_this = Workspace.id == workspace.id
    with transaction() as current:
        was = current.scalar(
            select(Workspace.retention_days).where(of_this).with_for_update(key_share=True)
        )
        changed = update(Workspace).where(of_this, Workspace.retention_days != days)
        if changed_one(current, changed.values(retention_days=days)):
            told = {"was": was, "now": days}
            audit.record(
                current, workspace.id, actor, "workspace.retention_changed", workspace.slug, **told
            )


def set_plan(workspace: Workspace, plan_key: str, actor: Actor) -> None:
    """Puts the workspace on a plan of its kind. Bots and keys stay as they are."""
    plan, of_this = plan_for(workspace, plan_key), Workspace.id == workspace.id
    with transaction() as current:
        was = current.scalar(
            select(Workspace.plan_key).where(of_this).with_for_update(key_share=True)
        )
        if was and move(current, workspace, was, plan):
            record_plan(current, workspace, actor, was, plan)


def plan_for(workspace: Workspace, plan_key: str) -> plans.Plan:
    """The plan of that key; raises `Invalid` unless it is there and for workspaces of this kind."""
    plan = plans.plan(plan_key)
    if plan.kind != workspace.kind:
        raise Invalid(
            f"{plan.name} is a plan for {plan.kind} workspaces; this one is {workspace.kind}."
        )
    return plan


def move(current: Session, workspace: Workspace, was: str, plan: plans.Plan) -> bool:
    """From the plan `was` to another, in the caller's transaction; whether it still was on that one."""
    if was == plan.key:
        return False
    still = (Workspace.id == workspace.id, Workspace.plan_key == was)
    return changed_one(current, update(Workspace).where(*still).values(plan_key=plan.key))


def record_plan(
    current: Session, workspace: Workspace, actor: Actor, was: str, plan: plans.Plan
) -> None:
    """Its line in the audit log: after the last change of rows, since it locks the chain."""
    audit.record(current, workspace.id, actor, "plan.changed", plan.key, was=was, now=plan.key)


def checked_name(name: str) -> str:
    name = " ".join(name.split())
    if not 1 <= len(name) <= LONGEST_NAME:
        raise Invalid(f"A name has 1 to {LONGEST_NAME} characters.")
    return name


def _slugs(name: str) -> Iterator[str]:
    """`acme`, then `acme-` and ever more random digits, for when that is taken."""
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", ascii_name).strip("-")[:40] or "workspace"
    yield slug
    for bytes_more in (2, 3, 4, 8):
        yield f"{slug}-{secrets.token_hex(bytes_more)}"
