"""A person's password: changed on the account page, set by mail or by the operator.

Whoever sets it ends every other sign-in and every link to a new password, and the person is told.
"""

from sqlalchemy import update
from sqlalchemy.orm import Session

from core import clock
from core.accounts import people, sign_ins
from core.accounts.models import PasswordReset, Person
from core.db import changed_one, transaction
from core.errors import Conflict, Invalid
from core.outbox import deliveries, emails


def change(person: Person, present: str, new: str, sign_in_id: str) -> None:
    """By the person, who stays signed in on this browser only; raises `Invalid` with the field."""
    if not people.knows_password(person, present):
        raise Invalid("That is not your present password.", "present")
    _set(person, new, "on your account page", keep=sign_in_id)


def set_by_operator(person: Person, new: str) -> None:
    _set(person, new, "by the operator of this service")


def put(current: Session, person: Person, password_hash: str, told_how: str, keep: str = "") -> str:
    """Sets it in the caller's transaction and returns the id of the mail that says so.

    Raises `Conflict` if it was set meanwhile by somebody else.
    """
    same = (Person.id == person.id, Person.password_hash == person.password_hash)
    if not changed_one(current, update(Person).where(*same).values(password_hash=password_hash)):
        raise Conflict("The password was changed meanwhile. Sign in with the new one.")
    sign_ins.end_all(current, person.id, keep)
    current.execute(
        update(PasswordReset)
        .where(PasswordReset.person_id == person.id, PasswordReset.used_at.is_(None))
        .values(used_at=clock.now())
    )
    return emails.add(
        current, "password_changed", person.email, None, name=person.name, how=told_how
    )


def _set(person: Person, new: str, told_how: str, keep: str = "") -> None:
    password_hash = people.hashed(new)
    with transaction() as current:
        sent = put(current, person, password_hash, told_how, keep)
    deliveries.send_soon(sent)
