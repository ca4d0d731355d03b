"""Who is in a workspace, as what: roles changed, people removed and leaving. An owner always stays.

Whether somebody is the last owner is decided one change after the other, under the lock of the
workspace's audit chain: two owners who leave at the same moment leave one.
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

LAST_OWNER = (
    "A workspace always has an owner, and this is the only one. Make somebody else an owner first."
)
_GONE = "This person is not in the workspace any more."


def get(workspace_id: str, membership_id: str) -> Membership:
    """A place in that workspace, with its person; raises `NotFound`."""
    found = session().scalar(
        select(Membership)
        .where(Membership.id == membership_id, Membership.workspace_id == workspace_id)
        .options(joinedload(Membership.person))
    )
    if found is None:
        raise NotFound(_GONE)
    return found


def add(current: Session, workspace_id: str, person_id: str, role: str) -> bool:
    """A place for the person, in the caller's transaction; False if they have one already."""
    return insert_new(
        current,
        Membership,
        id=new_id("mbr"),
        workspace_id=workspace_id,
        person_id=person_id,
        role=role,
    )


def change_role(membership: Membership, role: Role, actor: Actor) -> None:
    """Gives another role, at once and everywhere; raises `Invalid` rather than leave no owner."""
    with _locked(membership) as (current, was):
        if was == role:
            return
        if was == Role.OWNER:
            _require_another_owner(current, membership)
        _do(
            current,
            update(Membership).where(*_require_unchanged(membership, was)).values(role=role),
        )
        names = {"was": ROLE_NAMES[was], "now": ROLE_NAMES[role]}
        _record(current, membership, actor, "person.role_changed", **names)


def remove(membership: Membership, actor: Actor) -> None:
    """Takes somebody out of the workspace; at their next request they find nothing there."""
    _end(membership, actor, "person.removed")


def leave(membership: Membership, actor: Actor) -> None:
    """As `remove`, by the person themselves."""
    _end(membership, actor, "person.left")


def is_last_owner(membership: Membership) -> bool:
    """As things are now, to say so on a page: what may happen is decided when it happens."""
    return membership.role == Role.OWNER and not _other_owners(session(), membership)


def _end(membership: Membership, actor: Actor, action: str) -> None:
    with _locked(membership) as (current, was):
        if was == Role.OWNER:
            _require_another_owner(current, membership)
        _do(current, delete(Membership).where(*_require_unchanged(membership, was)))
        _record(current, membership, actor, action, role=ROLE_NAMES[was])


@contextmanager
def _locked(membership: Membership) -> Iterator[tuple[Session, Role]]:
    """A transaction that has the workspace's people to itself, and the role as it is now."""
    with transaction() as current:
        audit.lock_workspace(current, membership.workspace_id)
        role = current.scalar(select(Membership.role).where(Membership.id == membership.id))
        if role is None:
            raise NotFound(_GONE)
        yield current, Role(role)


def _require_unchanged(membership: Membership, role: Role) -> tuple[ColumnElement[bool], ...]:
    return (Membership.id == membership.id, Membership.role == role)


def _do(current: Session, change: Update | Delete) -> None:
    if not changed_one(current, change):
        raise Conflict("Somebody changed this person’s role meanwhile. Load the page again.")


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
