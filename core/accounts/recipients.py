"""Who gets notifications: the members of a workspace whose role has a permission."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.accounts.models import Membership, Person
from core.accounts.roles import roles_allowing


def emails_allowing(current: Session, workspace_id: str, permission: str) -> list[str]:
    """The email addresses of the members whose role has that permission, sorted."""
    rows = current.scalars(
        select(Person.email)
        .join(Membership, Membership.person_id == Person.id)
        .where(
            Membership.workspace_id == workspace_id,
            Membership.role.in_(roles_allowing(permission)),
        )
        .order_by(Person.email)
    )
    return list(rows)
