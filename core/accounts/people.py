"""A person's account: made with e-mail and password, proven again at each sign-in."""

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
    """Makes the person and their personal workspace; raises `Invalid` or `Conflict` with the mend.

    `by` is who does it for them; else they do it themselves, from `origin`.
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
            "There is already an account with this e-mail address. Sign in instead."
        ) from None
    return person


def authenticate(email: str, password: str) -> Person | None:
    """The person, or None: in the same time whether the address or the password is wrong."""
    person = find(email)
    known_hash = person.password_hash if person else _dummy_hash()
    return person if _fits(known_hash, password) else None


def knows_password(person: Person, password: str) -> bool:
    """Whether it is theirs: asked again before what a stolen sign-in must not do."""
    return _fits(person.password_hash, password)


def hashed(password: str) -> str:
    """What is stored of a password; raises `Invalid` for one that cannot be chosen."""
    check_password(password)
    return _hasher.hash(password)


def _fits(known_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(known_hash, password[:MAX_PASSWORD_LENGTH])
    except (VerificationError, InvalidHashError):
        return False


@cache
def _dummy_hash() -> str:
    """What a wrong address is compared with, so that it takes as long as a wrong password."""
    return _hasher.hash("a password that nobody has")


def find(email: str) -> Person | None:
    return session().scalar(select(Person).where(Person.email == email.strip().lower()))


def by_id(person_id: str) -> Person | None:
    return session().get(Person, person_id)


def by_email(email: str) -> Person:
    """As `find`; raises `NotFound`."""
    found = find(email)
    if found is None:
        raise NotFound(f"Nobody has an account with {email}.")
    return found


def rename(person: Person, name: str) -> None:
    """The name that colleagues and the audit log see."""
    name = " ".join(name.split())
    if not 1 <= len(name) <= MAX_NAME_LENGTH:
        raise Invalid(f"A name has 1 to {MAX_NAME_LENGTH} characters.", "name")
    with transaction() as current:
        current.execute(update(Person).where(Person.id == person.id).values(name=name))


def no_people_yet() -> bool:
    """Whether this deployment still waits for its first person."""
    return not session().scalar(select(func.count()).select_from(Person))


def normalized_email(email: str) -> str:
    try:
        return validate_email(email.strip(), check_deliverability=False).normalized.lower()
    except EmailNotValidError as error:
        raise Invalid(f"That e-mail address cannot be used: {error}") from None


def check_password(password: str) -> None:
    if not MIN_PASSWORD_LENGTH <= len(password) <= MAX_PASSWORD_LENGTH:
        raise Invalid(
            f"Choose a password of {MIN_PASSWORD_LENGTH} to {MAX_PASSWORD_LENGTH} characters: "
            "a few words in a row are good."
        )
