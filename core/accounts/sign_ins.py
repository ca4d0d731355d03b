"""Where a person is signed in. Every process rejects an ended sign-in from the next request on."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from core import clock, ids
from core.accounts.models import Person, SignIn
from core.db import changed_one, session, transaction

PREFIX = "mvs"
MAX_AGE = timedelta(days=30)
IDLE = timedelta(days=14)
_SEEN_INTERVAL = timedelta(minutes=5)


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
    """The sign-in of a cookie's token, unless it was ended, is 30 days old or was idle for 14 days."""
    if not ids.is_token(token, PREFIX):
        return None
    digest = ids.token_digest(token, secret_key)
    return session().scalar(select(SignIn).where(SignIn.token_digest == digest, *_live()))


def active_sign_ins(person_id: str) -> list[SignIn]:
    """Everywhere the person is signed in, the most recently used browser first."""
    query = select(SignIn).where(SignIn.person_id == person_id, *_live())
    return list(session().scalars(query.order_by(SignIn.seen_at.desc(), SignIn.id)))


def last_seen(person_ids: list[str]) -> dict[str, datetime]:
    """When each of these people last used the console; leaves out those who never did."""
    query = select(SignIn.person_id, func.max(SignIn.seen_at)).group_by(SignIn.person_id)
    rows = session().execute(query.where(SignIn.person_id.in_(person_ids)))
    return {row[0]: row[1] for row in rows}


def record_seen(sign_in: SignIn) -> None:
    """Records that the browser is in use, at most every five minutes."""
    now = clock.now()
    if now - sign_in.seen_at < _SEEN_INTERVAL:
        return
    with transaction() as current:
        current.execute(update(SignIn).where(SignIn.id == sign_in.id).values(seen_at=now))


def end(sign_in_id: str) -> None:
    with transaction() as current:
        _end(current, SignIn.id == sign_in_id)


def end_one(person_id: str, sign_in_id: str) -> bool:
    """Like `end`, for one of this person's sign-ins. Returns whether there was one to end."""
    with transaction() as current:
        return _end(current, SignIn.person_id == person_id, SignIn.id == sign_in_id)


def end_all(current: Session, person_id: str, keep: str = "") -> None:
    """Ends every sign-in of the person except `keep`, in the caller's transaction."""
    _end(current, SignIn.person_id == person_id, SignIn.id != keep)


def end_others(person_id: str, keep: str) -> None:
    with transaction() as current:
        end_all(current, person_id, keep)


def _end(current: Session, *which: ColumnElement[bool]) -> bool:
    end = update(SignIn).where(*which, SignIn.ended_at.is_(None)).values(ended_at=clock.now())
    return changed_one(current, end)


def _live() -> tuple[ColumnElement[bool], ...]:
    now = clock.now()
    return (
        SignIn.ended_at.is_(None),
        SignIn.created_at > now - MAX_AGE,
        SignIn.seen_at > now - IDLE,
    )
