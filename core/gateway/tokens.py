"""Gateway tokens: created, shown once, replaced, revoked. Each belongs to one member of one workspace.

The database has an HMAC of each. A token stops working when its owner leaves the workspace:
`access` checks both on every request.
"""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.orm import Session

from core import clock, ids
from core.accounts import audit
from core.accounts.actor import Actor
from core.accounts.models import Membership, Person, Workspace
from core.db import changed_one, session, transaction
from core.errors import Conflict, Invalid, NotFound
from core.gateway.models import GatewayToken

PREFIX = "mvg"
MAX_NAME_LENGTH = 80
MAX_LIFETIME = timedelta(days=3_650)
MAX_PER_PERSON = 50
GRACE_PERIODS = (timedelta(0), timedelta(minutes=30), timedelta(hours=24), timedelta(hours=48))

_OVER = "This token no longer works: it was revoked or replaced, or it has expired."


def create(
    workspace: Workspace,
    person: Person,
    name: str,
    expires_at: datetime | None,
    actor: Actor,
    secret_key: str,
) -> tuple[GatewayToken, str]:
    """Creates a member's token and returns it, the only time it is available in full.

    Raises `Invalid` for an invalid name or date, `NotFound` for someone who isn't a member.
    """
    label = _checked_name(name)
    _check_date(expires_at)
    with transaction() as current:
        audit.lock_workspace(current, workspace.id)
        _require_member(current, workspace.id, person)
        made, token = _made(current, workspace.id, person.id, label, expires_at, secret_key)
        details = {"token": made.mask, "expires": str(expires_at.date()) if expires_at else "never"}
        audit.record(current, workspace.id, actor, "token.created", label, **details)
    return made, token


def of_workspace(workspace_id: str, person_id: str = "") -> list[GatewayToken]:
    """Working tokens first, then the newest; only one person's if given."""
    query = select(GatewayToken).where(GatewayToken.workspace_id == workspace_id)
    if person_id:
        query = query.where(GatewayToken.person_id == person_id)
    found = session().scalars(query.order_by(GatewayToken.created_at.desc(), GatewayToken.id))
    return sorted(found, key=lambda token: not is_live(token))


def get(workspace_id: str, token_id: str) -> GatewayToken:
    """The workspace's token; raises `NotFound`."""
    found = session().get(GatewayToken, token_id)
    if found is None or found.workspace_id != workspace_id:
        raise NotFound("This workspace has no such token.")
    return found


def is_live(token: GatewayToken) -> bool:
    """Neither revoked nor expired. Its owner's membership is checked elsewhere."""
    over = token.expires_at is not None and token.expires_at <= clock.now()
    return token.revoked_at is None and not over


def revoke(token: GatewayToken, actor: Actor) -> None:
    """Revokes it immediately in every process; raises `Conflict` if it no longer worked."""
    with transaction() as current:
        now = clock.now()
        ended = update(GatewayToken).where(GatewayToken.id == token.id, *_live(now))
        if not changed_one(current, ended.values(revoked_at=now)):
            raise Conflict(_OVER)
        action, of = "token.revoked", token.person.email
        audit.record(
            current, token.workspace_id, actor, action, token.name, token=token.mask, of=of
        )


def replace(
    token: GatewayToken, grace: timedelta, actor: Actor, secret_key: str
) -> tuple[GatewayToken, str]:
    """Creates its successor; the old one works until the grace period ends.

    Raises `Conflict` if it no longer works.
    """
    if grace not in GRACE_PERIODS:
        raise Invalid("Choose from the list how long the old token stays valid.", "grace")
    with transaction() as current:
        audit.lock_workspace(current, token.workspace_id)
        now = clock.now()
        made, text = _made(
            current, token.workspace_id, token.person_id, token.name, token.expires_at, secret_key
        )
        until = min(now + grace, token.expires_at or now + grace)
        old = update(GatewayToken).where(
            GatewayToken.id == token.id, GatewayToken.replaced_by == "", *_live(now)
        )
        if not changed_one(current, old.values(expires_at=until, replaced_by=made.id)):
            raise Conflict(_OVER)
        facts = {"was": token.mask, "now": made.mask, "until": until.isoformat(timespec="minutes")}
        audit.record(current, token.workspace_id, actor, "token.replaced", token.name, **facts)
    return made, text


def _made(
    current: Session,
    workspace_id: str,
    person_id: str,
    name: str,
    expires_at: datetime | None,
    secret_key: str,
) -> tuple[GatewayToken, str]:
    _require_room(current, workspace_id, person_id)
    token = ids.new_token(PREFIX)
    made = GatewayToken(
        workspace_id=workspace_id,
        person_id=person_id,
        name=name,
        digest=ids.token_digest(token, secret_key),
        mask=f"{PREFIX}_••••{token[-4:]}",
        expires_at=expires_at,
    )
    current.add(made)
    current.flush()
    return made, token


def _live(now: datetime) -> tuple[ColumnElement[bool], ...]:
    not_expired = or_(GatewayToken.expires_at.is_(None), GatewayToken.expires_at > now)
    return (GatewayToken.revoked_at.is_(None), not_expired)


def _require_member(current: Session, workspace_id: str, person: Person) -> None:
    place = select(Membership.id).where(
        Membership.workspace_id == workspace_id, Membership.person_id == person.id
    )
    if current.scalar(place) is None:
        raise NotFound(f"{person.email} is not in this workspace.")


def _require_room(current: Session, workspace_id: str, person_id: str) -> None:
    live = select(func.count()).select_from(GatewayToken)
    live = live.where(GatewayToken.workspace_id == workspace_id, *_live(clock.now()))
    if (current.scalar(live.where(GatewayToken.person_id == person_id)) or 0) >= MAX_PER_PERSON:
        raise Invalid(
            f"Each person can have at most {MAX_PER_PERSON} tokens here. Revoke one first."
        )


def _checked_name(name: str) -> str:
    label = " ".join(name.split())
    if not label or len(label) > MAX_NAME_LENGTH or not label.isprintable():
        raise Invalid(
            f"Give the token a name of 1 to {MAX_NAME_LENGTH} characters, such as the program it is for.",
            "name",
        )
    return label


def _check_date(expires_at: datetime | None) -> None:
    if expires_at is None:
        return
    if not clock.now() < expires_at <= clock.now() + MAX_LIFETIME:
        raise Invalid("Choose an expiration in the future, at most ten years away.", "expires_at")
