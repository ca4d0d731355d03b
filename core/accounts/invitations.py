"""Invitations into a workspace: sent by mail, open for seven days, taken once by whom they are for.

The link's token is in the mail alone, here is its digest. Sending again makes a new one, so that an
earlier mail's link leads nowhere.
"""

from datetime import timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from core import clock, ids
from core.accounts import audit, memberships, people
from core.accounts.actor import Actor
from core.accounts.models import Invitation, Membership, Person, Workspace
from core.accounts.roles import ROLE_NAMES, Role
from core.db import changed_one, session, transaction
from core.errors import Conflict, Invalid, NotFound
from core.outbox import deliveries, emails

PREFIX = "mvi"
VALID_FOR = timedelta(days=7)
MAX_OPEN = 50
MAX_PER_DAY = 100
RESEND_AFTER = timedelta(minutes=1)
_LISTED_FOR = timedelta(days=30)

_OPEN = (Invitation.accepted_at.is_(None), Invitation.withdrawn_at.is_(None))
_OVER = "This invitation is over: it was accepted or withdrawn meanwhile."
_NO_LINK = (
    "This link leads to no invitation. If you were sent another mail later, use the link in that one; "
    "else ask whoever invited you for a new one."
)


def invite(
    workspace: Workspace, email: str, role: Role, actor: Actor, secret_key: str
) -> Invitation:
    """Offers a place by mail; raises `Invalid` for a personal workspace, `Conflict` for who is in."""
    if workspace.kind == "personal":
        raise Invalid(
            "A personal workspace is for one person. Create an organization workspace to invite others."
        )
    token, address = ids.new_token(PREFIX), people.normalized_email(email)
    with transaction() as current:
        audit.lock_workspace(current, workspace.id)
        _require_new(current, workspace, address)
        made = Invitation(workspace_id=workspace.id, email=address, role=role)
        made.invited_by, made.expires_at = actor.name[:100], clock.now() + VALID_FOR
        made.token_digest = ids.token_digest(token, secret_key)
        current.add(made)
        sent = _notify(current, workspace, made, actor, token)
    deliveries.send_soon(sent)
    return made


def send_again(workspace: Workspace, invitation: Invitation, actor: Actor, secret_key: str) -> None:
    """Another mail with another link and seven new days; the link sent before is dead."""
    if clock.now() < invitation.expires_at - VALID_FOR + RESEND_AFTER:
        raise Invalid("This invitation was sent a moment ago. Wait a minute, then send it again.")
    token = ids.new_token(PREFIX)
    with transaction() as current:
        audit.lock_workspace(current, workspace.id)
        _require_capacity(current, workspace.id, besides=invitation.id)
        digest = ids.token_digest(token, secret_key)
        change = {"token_digest": digest, "expires_at": clock.now() + VALID_FOR}
        _change_open(current, invitation, **change)
        sent = _notify(current, workspace, invitation, actor, token)
    deliveries.send_soon(sent)


def withdraw(invitation: Invitation, actor: Actor) -> None:
    """Its link is dead from now on; raises `Conflict` if it was accepted meanwhile."""
    with transaction() as current:
        _change_open(current, invitation, withdrawn_at=clock.now())
        action = "person.invitation_withdrawn"
        audit.record(current, invitation.workspace_id, actor, action, invitation.email)


def accept(invitation: Invitation, person: Person, actor: Actor) -> None:
    """Takes the place, once; raises `Invalid` for anybody else, `Conflict` for who is in already."""
    if person.email != invitation.email:
        raise Invalid(
            f"This invitation is for {invitation.email}; you are signed in as {person.email}."
        )
    workspace = invitation.workspace
    with transaction() as current:
        audit.lock_workspace(current, workspace.id)
        if invitation.expires_at <= clock.now():
            raise Conflict(_expired(invitation))
        _change_open(current, invitation, accepted_at=clock.now())
        if not memberships.add(current, workspace.id, person.id, invitation.role):
            raise Conflict(f"You are in {workspace.name} already.")
        told = {"role": invitation.role_name, "invited_by": invitation.invited_by}
        audit.record(current, workspace.id, actor, "person.joined", person.email, **told)


def by_token(token: str, secret_key: str) -> Invitation:
    """The open invitation of a mail's link; raises `NotFound` that says why there is none."""
    found = None
    if ids.is_token(token, PREFIX):
        digest = ids.token_digest(token, secret_key)
        found = session().scalar(select(Invitation).where(Invitation.token_digest == digest))
    if found is None:
        raise NotFound(_NO_LINK)
    if found.accepted_at:
        raise NotFound("This invitation was accepted. Sign in to find the workspace.")
    if found.withdrawn_at:
        raise NotFound(f"{found.workspace.name} has withdrawn this invitation.")
    if found.expires_at <= clock.now():
        raise NotFound(_expired(found))
    return found


def get(workspace_id: str, invitation_id: str) -> Invitation:
    """One that is neither accepted nor withdrawn; raises `NotFound`."""
    this = (Invitation.id == invitation_id, Invitation.workspace_id == workspace_id)
    found = session().scalar(select(Invitation).where(*this, *_OPEN))
    if found is None:
        raise NotFound(_OVER)
    return found


def pending_in(workspace_id: str) -> list[Invitation]:
    """Those that nobody answered yet, newest first; for a month also those that ran out."""
    lately = Invitation.expires_at > clock.now() - _LISTED_FOR
    wanted = select(Invitation).where(Invitation.workspace_id == workspace_id, *_OPEN, lately)
    return list(session().scalars(wanted.order_by(Invitation.created_at.desc())))


def _notify(
    current: Session, workspace: Workspace, invitation: Invitation, actor: Actor, token: str
) -> str:
    """The line in the log, and the mail; returns the delivery's id."""
    role = ROLE_NAMES[Role(invitation.role)]
    audit.record(current, workspace.id, actor, "person.invited", invitation.email, role=role)
    return emails.add(
        current,
        "invitation",
        invitation.email,
        workspace.id,
        token=token,
        workspace=workspace.name,
        inviter=actor.name,
        role=role,
        days=VALID_FOR.days,
    )


def _require_new(current: Session, workspace: Workspace, address: str) -> None:
    mine = (Invitation.workspace_id == workspace.id, Invitation.email == address)
    now = clock.now()
    inside = select(Membership.id).join(Membership.person)
    if current.scalar(
        inside.where(Membership.workspace_id == workspace.id, Person.email == address)
    ):
        raise Conflict(f"{address} is in {workspace.name} already.")
    if current.scalar(select(Invitation.id).where(*mine, *_OPEN, Invitation.expires_at > now)):
        raise Conflict(f"{address} is invited already. Send that invitation again, or withdraw it.")
    _require_capacity(current, workspace.id)
    late = update(Invitation).where(*mine, *_OPEN)
    current.execute(late.values(withdrawn_at=now))


def _require_capacity(current: Session, workspace_id: str, besides: str = "") -> None:
    now, of_workspace = clock.now(), Invitation.workspace_id == workspace_id
    counted = select(func.count()).select_from(Invitation).where(of_workspace)
    still_open = (*_OPEN, Invitation.expires_at > now, Invitation.id != besides)
    if (current.scalar(counted.where(*still_open)) or 0) >= MAX_OPEN:
        raise Invalid(
            f"{MAX_OPEN} invitations are open, which is the most at a time. Withdraw one first."
        )
    today = Invitation.created_at > now - timedelta(days=1)
    if not besides and (current.scalar(counted.where(today)) or 0) >= MAX_PER_DAY:
        raise Invalid(f"{MAX_PER_DAY} invitations were sent within a day. Go on tomorrow.")


def _change_open(current: Session, invitation: Invitation, **values: object) -> None:
    """Changes it if it is open, and still the one that was found."""
    this = (Invitation.id == invitation.id, Invitation.token_digest == invitation.token_digest)
    if not changed_one(current, update(Invitation).where(*this, *_OPEN).values(**values)):
        raise Conflict(_OVER)


def _expired(invitation: Invitation) -> str:
    return (
        f"This invitation was open until {invitation.expires_at.day} "
        f"{invitation.expires_at.strftime('%b %Y')}. "
        f"Ask {invitation.invited_by or 'whoever invited you'} for a new one."
    )
