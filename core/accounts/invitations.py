"""Invitations to a workspace: sent by email, valid for seven days, accepted once by the invited person.

The link's token is only in the email; the database has its digest. Resending makes a new token, so that
the link in the earlier email stops working.
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
_OVER = "This invitation is no longer open: it was accepted or withdrawn."
_NO_LINK = (
    "This invitation link doesn’t work. If you got a newer invitation email, use the link in that one. "
    "Otherwise, ask for a new invitation."
)


def invite(
    workspace: Workspace, email: str, role: Role, actor: Actor, secret_key: str
) -> Invitation:
    """Emails an invitation. Raises `Invalid` for a personal workspace, `Conflict` for a member."""
    if workspace.kind == "personal":
        raise Invalid(
            "A personal workspace is for one person. Create an organization workspace to invite others."
        )
    token, address = ids.new_token(PREFIX), people.normalized_email(email)
    with transaction() as current:
        audit.lock_workspace(current, workspace.id)
        _require_new(current, workspace, address)
        invitation = Invitation(workspace_id=workspace.id, email=address, role=role)
        invitation.invited_by = actor.name[:100]
        invitation.expires_at = clock.now() + VALID_FOR
        invitation.token_digest = ids.token_digest(token, secret_key)
        current.add(invitation)
        delivery_id = _notify(current, workspace, invitation, actor, token)
    deliveries.send_soon(delivery_id)
    return invitation


def send_again(workspace: Workspace, invitation: Invitation, actor: Actor, secret_key: str) -> None:
    """Sends a new link, valid for seven more days; the previous link no longer works."""
    if clock.now() < invitation.expires_at - VALID_FOR + RESEND_AFTER:
        raise Invalid("This invitation was just sent. Wait a minute, then resend it.")
    token = ids.new_token(PREFIX)
    with transaction() as current:
        audit.lock_workspace(current, workspace.id)
        _require_capacity(current, workspace.id, besides=invitation.id)
        digest = ids.token_digest(token, secret_key)
        change = {"token_digest": digest, "expires_at": clock.now() + VALID_FOR}
        _change_open(current, invitation, **change)
        delivery_id = _notify(current, workspace, invitation, actor, token)
    deliveries.send_soon(delivery_id)


def withdraw(invitation: Invitation, actor: Actor) -> None:
    """Withdraws the invitation: its link stops working. Raises `Conflict` if it was accepted."""
    with transaction() as current:
        _change_open(current, invitation, withdrawn_at=clock.now())
        action = "person.invitation_withdrawn"
        audit.record(current, invitation.workspace_id, actor, action, invitation.email)


def accept(invitation: Invitation, person: Person, actor: Actor) -> None:
    """Adds the person to the workspace, once. Raises `Invalid` for another person, `Conflict` for a member."""
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
            raise Conflict(f"You’re already in {workspace.name}.")
        facts = {"role": invitation.role_name, "invited_by": invitation.invited_by}
        audit.record(current, workspace.id, actor, "person.joined", person.email, **facts)


def by_token(token: str, secret_key: str) -> Invitation:
    """The open invitation of an email's link. Raises `NotFound`, which says why there is none."""
    invitation = None
    if ids.is_token(token, PREFIX):
        digest = ids.token_digest(token, secret_key)
        invitation = session().scalar(select(Invitation).where(Invitation.token_digest == digest))
    if invitation is None:
        raise NotFound(_NO_LINK)
    if invitation.accepted_at:
        raise NotFound("This invitation was already accepted. Sign in to open the workspace.")
    if invitation.withdrawn_at:
        raise NotFound(f"{invitation.workspace.name} withdrew this invitation.")
    if invitation.expires_at <= clock.now():
        raise NotFound(_expired(invitation))
    return invitation


def get(workspace_id: str, invitation_id: str) -> Invitation:
    """An invitation that is neither accepted nor withdrawn. Raises `NotFound`."""
    this = (Invitation.id == invitation_id, Invitation.workspace_id == workspace_id)
    found = session().scalar(select(Invitation).where(*this, *_OPEN))
    if found is None:
        raise NotFound(_OVER)
    return found


def pending_in(workspace_id: str) -> list[Invitation]:
    """Invitations that aren't accepted yet, newest first; expired ones stay listed for a month."""
    is_recent = Invitation.expires_at > clock.now() - _LISTED_FOR
    query = select(Invitation).where(Invitation.workspace_id == workspace_id, *_OPEN, is_recent)
    return list(session().scalars(query.order_by(Invitation.created_at.desc())))


def _notify(
    current: Session, workspace: Workspace, invitation: Invitation, actor: Actor, token: str
) -> str:
    """Writes the audit line and the email; returns the delivery's id."""
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
        raise Conflict(f"{address} is already in {workspace.name}.")
    if current.scalar(select(Invitation.id).where(*mine, *_OPEN, Invitation.expires_at > now)):
        raise Conflict(f"{address} is already invited. Resend that invitation, or withdraw it.")
    _require_capacity(current, workspace.id)
    late = update(Invitation).where(*mine, *_OPEN)
    current.execute(late.values(withdrawn_at=now))


def _require_capacity(current: Session, workspace_id: str, besides: str = "") -> None:
    now, of_workspace = clock.now(), Invitation.workspace_id == workspace_id
    counted = select(func.count()).select_from(Invitation).where(of_workspace)
    still_open = (*_OPEN, Invitation.expires_at > now, Invitation.id != besides)
    if (current.scalar(counted.where(*still_open)) or 0) >= MAX_OPEN:
        raise Invalid(
            f"You have {MAX_OPEN} open invitations, which is the limit. Withdraw one first."
        )
    today = Invitation.created_at > now - timedelta(days=1)
    if not besides and (current.scalar(counted.where(today)) or 0) >= MAX_PER_DAY:
        raise Invalid(f"{MAX_PER_DAY} invitations were sent within a day. Try again tomorrow.")


def _change_open(current: Session, invitation: Invitation, **values: object) -> None:
    """Changes the invitation if it is still open and its link is unchanged."""
    this = (Invitation.id == invitation.id, Invitation.token_digest == invitation.token_digest)
    if not changed_one(current, update(Invitation).where(*this, *_OPEN).values(**values)):
        raise Conflict(_OVER)


def _expired(invitation: Invitation) -> str:
    return (
        f"This invitation expired on {invitation.expires_at.day} "
        f"{invitation.expires_at.strftime('%b %Y')}. "
        f"Ask {invitation.invited_by or 'the person who invited you'} for a new one."
    )
