"""A person's account: made with e-mail and password, proven again at each sign-in."""

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from email_validator import EmailNotValidError, validate_email
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from core.accounts import workspaces
from core.accounts.models import Person
from core.db import session, transaction
from core.errors import Conflict, Invalid

SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 200

_hasher = PasswordHasher()


def sign_up(email: str, password: str, name: str = "") -> Person:
    """Makes the person and their personal workspace; raises `Invalid` or `Conflict` with the mend."""
    address = normalized_email(email)
    check_password(password)
    person = Person(
        email=address,
        name=(name.strip() or address.partition("@")[0])[:100],
        password_hash=_hasher.hash(password),
    )
    try:
        with transaction() as current:
            current.add(person)
            current.flush()
            workspaces.add_personal(current, person)
    except IntegrityError:
        raise Conflict(
            "There is already an account with this e-mail address. Sign in instead."
        ) from None
    return person


def authenticate(email: str, password: str) -> Person | None:
    """The person, or None: in the same time whether the address or the password is wrong."""
    person = find(email)
    known_hash = person.password_hash if person else _nobodys_hash()
    try:
        _hasher.verify(known_hash, password[:LONGEST_PASSWORD])
    except (VerificationError, InvalidHashError):
        return None
    return person


@cache
def _nobodys_hash() -> str:
    """What a wrong address is compared with, so that it takes as long as a wrong password."""
    return _hasher.hash("a password that nobody has")


def find(email: str) -> Person | None:
    return session().scalar(select(Person).where(Person.email == email.strip().lower()))


def nobody_yet() -> bool:
    """Whether this deployment still waits for its first person."""
    return not session().scalar(select(func.count()).select_from(Person))


def normalized_email(email: str) -> str:
    try:
        return validate_email(email.strip(), check_deliverability=False).normalized.lower()
    except EmailNotValidError as error:
        raise Invalid(f"That e-mail address cannot be used: {error}") from None


def check_password(password: str) -> None:
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise Invalid(
            f"Choose a password of {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters: "
            "a few words in a row are good."
        )
