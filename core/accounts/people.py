"""People's accounts: sign-up and authentication by email and password."""

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from email_validator import EmailNotValidError, validate_email
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from core.accounts import workspaces
from core.accounts.actor import Actor
from core.accounts.models import Person
from core.db import session, transaction
from core.errors import Conflict, Invalid, NotFound

MIN_PASSWORD_LENGTH = 12
MAX_PASSWORD_LENGTH = 200
MAX_NAME_LENGTH = 100

_hasher = PasswordHasher()


def sign_up(
    email: str, password: str, name: str = "", origin: str = "", by: Actor | None = None
) -> Person:
    """Creates the person and their personal workspace. Raises `Invalid` or `Conflict`.

    `by` is who creates the account for them; without it they sign up themselves, from `origin`.
    """
    address = normalized_email(email)
    person = Person(
        email=address,
        name=(name.strip() or address.partition("@")[0])[:MAX_NAME_LENGTH],
        password_hash=hashed(password),
    )
    try:
        with transaction() as current:
            current.add(person)
            current.flush()
            actor = by or Actor(person.name, origin, person.id)
            workspaces.add_personal(current, person, actor)
    except IntegrityError:
        raise Conflict(
            "There’s already an account with this email address. Sign in instead."
        ) from None
    return person


def authenticate(email: str, password: str) -> Person | None:
    """The person, or None; takes the same time whether the email or the password is wrong."""
    person = find(email)
    password_hash = person.password_hash if person else _dummy_hash()
    return person if _matches(password_hash, password) else None


def knows_password(person: Person, password: str) -> bool:
    """Whether this is their password: checked again before sensitive changes."""
    return _matches(person.password_hash, password)


def hashed(password: str) -> str:
    """The hash to store. Raises `Invalid` for a password that is too short or too long."""
    check_password(password)
    return _hasher.hash(password)


def _matches(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, password[:MAX_PASSWORD_LENGTH])
    except (VerificationError, InvalidHashError):
        return False


@cache
def _dummy_hash() -> str:
    """Verified for unknown email addresses, so that they take as long as a wrong password."""
    return _hasher.hash("a password that no one has")


def find(email: str) -> Person | None:
    return session().scalar(select(Person).where(Person.email == email.strip().lower()))


def by_id(person_id: str) -> Person | None:
    return session().get(Person, person_id)


def by_email(email: str) -> Person:
    """Like `find`, but raises `NotFound`."""
    person = find(email)
    if person is None:
        raise NotFound(f"There’s no account with the email address {email}.")
    return person


def rename(person: Person, name: str) -> None:
    """Changes the name that colleagues and the audit log show."""
    name = " ".join(name.split())
    if not 1 <= len(name) <= MAX_NAME_LENGTH:
        raise Invalid(f"Enter a name of 1 to {MAX_NAME_LENGTH} characters.", "name")
    with transaction() as current:
        current.execute(update(Person).where(Person.id == person.id).values(name=name))


def no_people_yet() -> bool:
    """Whether this deployment has no account yet."""
    return not session().scalar(select(func.count()).select_from(Person))


def normalized_email(email: str) -> str:
    try:
        return validate_email(email.strip(), check_deliverability=False).normalized.lower()
    except EmailNotValidError as error:
        raise Invalid(f"That email address isn’t valid: {error}") from None


def check_password(password: str) -> None:
    if not MIN_PASSWORD_LENGTH <= len(password) <= MAX_PASSWORD_LENGTH:
        raise Invalid(
            f"Choose a password of {MIN_PASSWORD_LENGTH} to {MAX_PASSWORD_LENGTH} characters. "
            "A few random words work well."
        )
