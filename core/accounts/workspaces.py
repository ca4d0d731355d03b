"""Workspaces: the personal one that everybody has, organizations, their plan and who is in them."""

import re
import secrets
import unicodedata
from collections.abc import Iterator

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, joinedload

from core import plans
from core.accounts.models import Membership, Person, Workspace
from core.accounts.roles import Role
from core.db import session, transaction
from core.errors import Conflict, Invalid, NotFound

LONGEST_NAME = 80


def create_organization(owner: Person, name: str) -> Workspace:
    """An organization workspace on its first plan, with one owner."""
    with transaction() as current:
        return _add(current, owner, checked_name(name), "organization")


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


def rename(workspace: Workspace, name: str) -> None:
    _change(workspace, name=checked_name(name))


def set_plan(workspace: Workspace, plan_key: str) -> None:
    """Puts the workspace on a plan of its kind. Bots and keys stay as they are."""
    plan = plans.plan(plan_key)
    if plan.kind != workspace.kind:
        raise Invalid(
            f"{plan.name} is a plan for {plan.kind} workspaces; this one is {workspace.kind}."
        )
    _change(workspace, plan_key=plan.key)


def _change(workspace: Workspace, **values: str) -> None:
    with transaction() as current:
        current.execute(update(Workspace).where(Workspace.id == workspace.id).values(**values))


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
