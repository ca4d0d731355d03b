"""Password resets by email: a link that works once, within an hour. Never reveals who has an account."""

from contextlib import suppress
from datetime import timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from core import clock, ids
from core.accounts import passwords, people
from core.accounts.models import PasswordReset, Person
from core.db import changed_one, session, transaction
from core.errors import NotFound
from core.outbox import deliveries, emails

PREFIX = "mvp"
VALID_FOR = timedelta(hours=1)
MAX_PER_HOUR = 3

EXPIRED_LINK = (
    "This reset link no longer works. Each link works once, within an hour. Request a new one."
)


class _NotRequested(Exception):
    """Rolls back the transaction: no reset is sent."""


def request(email: str, secret_key: str) -> None:
    """Emails a reset link if the address has an account.

    Otherwise the same work is done and rolled back, so that neither the response nor its timing reveals
    whether there is an account.
    """
    person, token = people.find(email), ids.new_token(PREFIX)
    address, name = (person.email, person.name) if person else (email.strip(), email.strip())
    delivery_id = ""
    with suppress(_NotRequested), transaction() as current:
        _lock(current, address)
        facts = {"token": token, "name": name, "minutes": int(VALID_FOR.total_seconds() // 60)}
        delivery_id = emails.add(current, "password_reset", address, None, **facts)
        current.flush()
        if person is None or _sent_recently(current, person) >= MAX_PER_HOUR:
            raise _NotRequested
        digest = ids.token_digest(token, secret_key)
        current.add(PasswordReset(person_id=person.id, token_digest=digest))
    deliveries.send_soon(delivery_id)


def by_token(token: str, secret_key: str) -> PasswordReset:
    """The open reset of an email's link. Raises `NotFound` if it is unknown, used or expired."""
    if not ids.is_token(token, PREFIX):
        raise NotFound(EXPIRED_LINK)
    reset = session().scalar(
        select(PasswordReset).where(
            PasswordReset.token_digest == ids.token_digest(token, secret_key),
            PasswordReset.used_at.is_(None),
            PasswordReset.created_at > clock.now() - VALID_FOR,
        )
    )
    if reset is None:
        raise NotFound(EXPIRED_LINK)
    return reset


def person_of(reset: PasswordReset) -> Person:
    return session().get_one(Person, reset.person_id)


def use(reset: PasswordReset, password: str) -> None:
    """Sets the new password. Raises `Invalid` for a bad password, `NotFound` if the link was used."""
    password_hash, person = people.hashed(password), person_of(reset)
    with transaction() as current:
        unused = (PasswordReset.id == reset.id, PasswordReset.used_at.is_(None))
        used = update(PasswordReset).where(*unused).values(used_at=clock.now())
        if not changed_one(current, used):
            raise NotFound(EXPIRED_LINK)
        how = "with a reset link sent by email"
        delivery_id = passwords.put(current, person, password_hash, how)
    deliveries.send_soon(delivery_id)


def _lock(current: Session, address: str) -> None:
    """Counts simultaneous requests for one person one at a time."""
    this = select(Person.id).where(Person.email == address)
    current.scalar(this.with_for_update(key_share=True))


def _sent_recently(current: Session, person: Person) -> int:
    recent = (
        select(func.count())
        .select_from(PasswordReset)
        .where(
            PasswordReset.person_id == person.id,
            PasswordReset.created_at > clock.now() - VALID_FOR,
        )
    )
    return current.scalar(recent) or 0
