"""Members of a workspace: changing roles, removing people, leaving. There is always an owner.

The last-owner check runs under the lock of the workspace's audit chain, so that of two owners who
leave at the same moment one stays.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import ColumnElement, Delete, Update, delete, func, select, update
from sqlalchemy.orm import Session, joinedload

from core.accounts import audit
from core.accounts.actor import Actor
from core.accounts.models import Membership
from core.accounts.roles import ROLE_NAMES, Role
from core.db import changed_one, insert_new, session, transaction
from core.errors import Conflict, Invalid, NotFound
from core.ids import new_id

LAST_OWNER = "A workspace needs at least one owner, and this is the only one. Make someone else an owner first."
_GONE = "This person is no longer in the workspace."


def get(workspace_id: str, membership_id: str) -> Membership:
    """A membership of that workspace, with its person. Raises `NotFound`."""
    membership = session().scalar(
        select(Membership)
        .where(Membership.id == membership_id, Membership.workspace_id == workspace_id)
        .options(joinedload(Membership.person))
    )
    if membership is None:
        raise NotFound(_GONE)
    return membership


def add(current: Session, workspace_id: str, person_id: str, role: str) -> bool:
    """Adds the person in the caller's transaction; False if they are already a member."""
    return insert_new(
        current,
        Membership,
        id=new_id("mbr"),
        workspace_id=workspace_id,
        person_id=person_id,
        role=role,
    )


def change_role(membership: Membership, role: Role, actor: Actor) -> None:
    """Changes the role, effective immediately. Raises `Invalid` for the last owner."""
    with _locked(membership) as (current, was):
        if was == role:
            return
        if was == Role.OWNER:
            _require_another_owner(current, membership)
        _require_changed(
            current,
            update(Membership).where(*_require_unchanged(membership, was)).values(role=role),
        )
        names = {"was": ROLE_NAMES[was], "now": ROLE_NAMES[role]}
        _record(current, membership, actor, "person.role_changed", **names)


def remove(membership: Membership, actor: Actor) -> None:
    """Removes the person from the workspace, effective with their next request."""
    _end(membership, actor, "person.removed")


def leave(membership: Membership, actor: Actor) -> None:
    """Like `remove`, but the person leaves on their own."""
    _end(membership, actor, "person.left")


def is_last_owner(membership: Membership) -> bool:
    """Whether this is the last owner, for display only: each change checks it again."""
    return membership.role == Role.OWNER and not _other_owners(session(), membership)


def _end(membership: Membership, actor: Actor, action: str) -> None:
    with _locked(membership) as (current, was):
        if was == Role.OWNER:
            _require_another_owner(current, membership)
        _require_changed(current, delete(Membership).where(*_require_unchanged(membership, was)))
        _record(current, membership, actor, action, role=ROLE_NAMES[was])


@contextmanager
def _locked(membership: Membership) -> Iterator[tuple[Session, Role]]:
    """A transaction that holds the lock on the workspace's members, and the current role."""
    with transaction() as current:
        audit.lock_workspace(current, membership.workspace_id)
        role = current.scalar(select(Membership.role).where(Membership.id == membership.id))
        if role is None:
            raise NotFound(_GONE)
        yield current, Role(role)


def _require_unchanged(membership: Membership, role: Role) -> tuple[ColumnElement[bool], ...]:
    return (Membership.id == membership.id, Membership.role == role)


def _require_changed(current: Session, change: Update | Delete) -> None:
    if not changed_one(current, change):
        raise Conflict("Someone else changed this person’s role. Reload the page.")


def _require_another_owner(current: Session, membership: Membership) -> None:
    if not _other_owners(current, membership):
        raise Invalid(LAST_OWNER)


def _other_owners(current: Session, membership: Membership) -> int:
    others = (
        select(func.count())
        .select_from(Membership)
        .where(
            Membership.workspace_id == membership.workspace_id,
            Membership.role == Role.OWNER,
            Membership.id != membership.id,
        )
    )
    return current.scalar(others) or 0


def _record(
    current: Session, membership: Membership, actor: Actor, action: str, **details: str
) -> None:
    email = membership.person.email
    audit.record(current, membership.workspace_id, actor, action, email, **details)
