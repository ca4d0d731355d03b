"""Where a person is signed in. Ended sign-ins are refused by every process at the next request."""

from datetime import timedelta

from sqlalchemy import select, update

from core import clock, ids
from core.accounts.models import Person, SignIn
from core.db import session, transaction

PREFIX = "mvs"
LONGEST = timedelta(days=30)
IDLE = timedelta(days=14)
_SEEN_EVERY = timedelta(minutes=5)


def start(person: Person, secret_key: str, user_agent: str = "") -> str:
    """Signs the person in on one browser and returns the token for its cookie."""
    token = ids.new_token(PREFIX)
    with transaction() as current:
        current.add(
            SignIn(
                person_id=person.id,
                token_digest=ids.token_digest(token, secret_key),
                user_agent=user_agent[:200],
            )
        )
    return token


def find(token: str, secret_key: str) -> SignIn | None:
    """The sign-in behind a cookie, unless it was ended, is 30 days old or was idle for 14."""
    if not ids.is_token(token, PREFIX):
        return None
    now = clock.now()
    return session().scalar(
        select(SignIn).where(
            SignIn.token_digest == ids.token_digest(token, secret_key),
            SignIn.ended_at.is_(None),
            SignIn.created_at > now - LONGEST,
            SignIn.seen_at > now - IDLE,
        )
    )


def note_seen(sign_in: SignIn) -> None:
    """Remembers that the browser is in use, at most every five minutes."""
    now = clock.now()
    if now - sign_in.seen_at < _SEEN_EVERY:
        return
    with transaction() as current:
        current.execute(update(SignIn).where(SignIn.id == sign_in.id).values(seen_at=now))


def end(sign_in_id: str) -> None:
    with transaction() as current:
        current.execute(
            update(SignIn)
            .where(SignIn.id == sign_in_id, SignIn.ended_at.is_(None))
            .values(ended_at=clock.now())
        )
