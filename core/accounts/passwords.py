"""A person's password: changed on the account page, reset by email or set by the operator.

Each change ends every other sign-in and every open reset link, and the person gets an email.
"""

from sqlalchemy import update
from sqlalchemy.orm import Session

from core import clock
from core.accounts import people, sign_ins
from core.accounts.models import PasswordReset, Person
from core.db import changed_one, transaction
from core.errors import Conflict, Invalid
from core.outbox import deliveries, emails


def change(person: Person, current_password: str, new: str, sign_in_id: str) -> None:
    """Changes the password; only the browser of `sign_in_id` stays signed in. Raises `Invalid`."""
    if not people.knows_password(person, current_password):
        raise Invalid("That isn’t your current password.", "present")
    _set(person, new, "on your account page", keep=sign_in_id)


def set_by_operator(person: Person, new: str) -> None:
    _set(person, new, "by the operator of this service")


def put(current: Session, person: Person, password_hash: str, how: str, keep: str = "") -> str:
    """Sets the password in the caller's transaction and returns the id of the confirmation email.

    Raises `Conflict` if the password was changed meanwhile.
    """
    same = (Person.id == person.id, Person.password_hash == person.password_hash)
    if not changed_one(current, update(Person).where(*same).values(password_hash=password_hash)):
        raise Conflict("Your password was changed in the meantime. Sign in with the new one.")
    sign_ins.end_all(current, person.id, keep)
    current.execute(
        update(PasswordReset)
        .where(PasswordReset.person_id == person.id, PasswordReset.used_at.is_(None))
        .values(used_at=clock.now())
    )
    return emails.add(current, "password_changed", person.email, None, name=person.name, how=how)


def _set(person: Person, new: str, how: str, keep: str = "") -> None:
    password_hash = people.hashed(new)
    with transaction() as current:
        delivery_id = put(current, person, password_hash, how, keep)
    deliveries.send_soon(delivery_id)
