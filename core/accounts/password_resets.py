"""A new password by mail: a link that works once, within an hour. Nobody learns who has an account."""

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
    "This link does not lead to a new password any more: it works once, for an hour. "
    "Ask for another one."
)


class _NotRequested(Exception):
    """Nothing of this is kept."""


def request(email: str, secret_key: str) -> None:
    """Mails a link, if the address is somebody's. If not, the same work is done and undone, so that
    neither the answer nor its time tells whether there is an account."""
    person, token = people.find(email), ids.new_token(PREFIX)
    address, name = (person.email, person.name) if person else (email.strip(), email.strip())
    sent = ""
    with suppress(_NotRequested), transaction() as current:
        _lock(current, address)
        told = {"token": token, "name": name, "minutes": int(VALID_FOR.total_seconds() // 60)}
        sent = emails.add(current, "password_reset", address, None, **told)
        current.flush()
        if person is None or _sent_recently(current, person) >= MAX_PER_HOUR:
            raise _NotRequested
        digest = ids.token_digest(token, secret_key)
        current.add(PasswordReset(person_id=person.id, token_digest=digest))
    deliveries.send_soon(sent)


def by_token(token: str, secret_key: str) -> PasswordReset:
    """The way to a new password behind a mail's link; raises `NotFound` when it is over or none."""
    if not ids.is_token(token, PREFIX):
        raise NotFound(EXPIRED_LINK)
    found = session().scalar(
        select(PasswordReset).where(
            PasswordReset.token_digest == ids.token_digest(token, secret_key),
            PasswordReset.used_at.is_(None),
            PasswordReset.created_at > clock.now() - VALID_FOR,
        )
    )
    if found is None:
        raise NotFound(EXPIRED_LINK)
    return found


def person_of(reset: PasswordReset) -> Person:
    return session().get_one(Person, reset.person_id)


def use(reset: PasswordReset, password: str) -> None:
    """Sets the new password; raises `Invalid` for one that cannot be, `NotFound` if it was used."""
    password_hash, person = people.hashed(password), person_of(reset)
    with transaction() as current:
        unused = (PasswordReset.id == reset.id, PasswordReset.used_at.is_(None))
        used = update(PasswordReset).where(*unused).values(used_at=clock.now())
        if not changed_one(current, used):
            raise NotFound(EXPIRED_LINK)
        sent = passwords.put(current, person, password_hash, "with a link that was sent by mail")
    deliveries.send_soon(sent)


def _lock(current: Session, address: str) -> None:
    """Those who ask for one person at the same time are counted one after the other."""
    this = select(Person.id).where(Person.email == address)
    current.scalar(this.with_for_update(key_share=True))


def _sent_recently(current: Session, person: Person) -> int:
    lately = (
        select(func.count())
        .select_from(PasswordReset)
        .where(
            PasswordReset.person_id == person.id,
            PasswordReset.created_at > clock.now() - VALID_FOR,
        )
    )
    return current.scalar(lately) or 0
