"""The people of a workspace: members, roles and invitations."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, flash, make_response, render_template, url_for
from werkzeug.wrappers import Response as AnyResponse
from wtforms import RadioField, SelectField, StringField
from wtforms.fields import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length

from core import clock, ordering
from core.accounts import invitations, memberships, sign_ins, workspaces
from core.accounts.models import Membership, Workspace
from core.accounts.roles import ROLE_NAMES, ROLE_TEXTS, Role
from core.errors import Conflict, Invalid
from web.console import sorting
from web.forms import Form
from web.guards import requires, this_actor, this_membership
from web.htmx import go_to, page_or_piece, toast, wants_piece
from web.people.sessions import secret_key

pages = Blueprint("people", __name__, url_prefix="/w/<slug>/people")

ROLES = [SelectChoice(role.value, ROLE_NAMES[role]) for role in Role]
COLUMNS = ("name", "role", "-joined", "-seen")
_BY: dict[str, Callable[[dict[str, Any]], Any]] = {
    "name": lambda row: (row["person"].name or row["person"].email).casefold(),
    "role": lambda row: list(Role).index(Role(row["membership"].role)),
    "joined": lambda row: row["membership"].created_at,
    "seen": lambda row: row["seen_at"],
}
_CHOOSE = "Choose one of the listed roles."


class InvitationForm(Form):
    email = StringField(
        "Email", validators=[DataRequired("Enter an email address."), Length(max=254)]
    )
    role = RadioField("Role", choices=ROLES, validators=[InputRequired(_CHOOSE)])


class RoleForm(Form):
    role = SelectField("Role", choices=ROLES)


@pages.get("")
@requires("people.read")
def index(workspace: Workspace) -> Any:
    return _list_page(workspace)


@pages.get("/invitations/new")
@requires("people.manage")
def new_invitation(workspace: Workspace) -> Response:
    return _form_page(workspace, InvitationForm(data={"role": Role.MEMBER.value}))


@pages.post("/invitations")
@requires("people.manage")
def invite(workspace: Workspace) -> AnyResponse:
    form = InvitationForm()
    if not form.validate_on_submit():
        return _form_page(workspace, form)
    try:
        made = invitations.invite(
            workspace, form.email.data, Role(form.role.data), this_actor(), secret_key()
        )
    except (Invalid, Conflict) as error:
        form.email.errors = [error.message]
        return _form_page(workspace, form)
    flash(f"{made.email} is invited. The link works for seven days.", "good")
    return _to_list(workspace)


@pages.post("/invitations/<invitation_id>/mails")
@requires("people.manage")
def send_again(workspace: Workspace, invitation_id: str) -> AnyResponse:
    invitation = invitations.get(workspace.id, invitation_id)
    try:
        invitations.send_again(workspace, invitation, this_actor(), secret_key())
    except Invalid as error:
        flash(error.message, "warning")
    else:
        flash(
            f"Invitation resent to {invitation.email}. The previous link no longer works.", "good"
        )
    return _to_list(workspace)


@pages.post("/invitations/<invitation_id>/withdrawal")
@requires("people.manage")
def withdraw(workspace: Workspace, invitation_id: str) -> AnyResponse:
    invitation = invitations.get(workspace.id, invitation_id)
    invitations.withdraw(invitation, this_actor())
    flash(f"Invitation of {invitation.email} canceled. Its link no longer works.", "good")
    return _to_list(workspace)


@pages.post("/<member_id>/role")
@requires("people.manage")
def change_role(workspace: Workspace, member_id: str) -> Any:
    membership, form = memberships.get(workspace.id, member_id), RoleForm()
    if not form.validate():
        return _refused(workspace, _CHOOSE)
    role = Role(form.role.data)
    try:
        memberships.change_role(membership, role, this_actor())
    except Invalid as error:
        return _refused(workspace, error.message)
    text = f"{_name(membership)} is {ROLE_NAMES[role].lower()} now."
    if membership.id == this_membership().id or not wants_piece():
        flash(text, "good")
        return _to_list(workspace)
    row = _row(memberships.get(workspace.id, member_id))
    piece = render_template("people/_member.html", row=row, roles=ROLES, may_manage=True)
    return toast(make_response(piece), "good", text)


@pages.route("/<member_id>/removal", methods=["GET", "POST"])
@requires("people.manage")
def removal(workspace: Workspace, member_id: str) -> Any:
    """Shows the effect and asks for confirmation; then removes the person."""
    membership = memberships.get(workspace.id, member_id)
    return _ending(workspace, membership, "people/removal.html", memberships.remove)


@pages.route("/departure", methods=["GET", "POST"])
@requires("workspace.leave")
def departure(workspace: Workspace) -> Any:
    """Like `removal`, for oneself."""
    membership = memberships.get(workspace.id, this_membership().id)
    return _ending(workspace, membership, "people/departure.html", memberships.leave)


def _ending(workspace: Workspace, membership: Membership, template: str, end: Any) -> Any:
    form, problem = Form(), ""
    if form.is_submitted():
        try:
            end(membership, this_actor())
        except Invalid as error:
            problem = error.message
        else:
            return _ended(workspace, membership)
    elif memberships.is_last_owner(membership):
        problem = memberships.LAST_OWNER
    page = render_template(template, row=membership, name=_name(membership), problem=problem)
    return page, 422 if form.is_submitted() else 200


def _ended(workspace: Workspace, membership: Membership) -> AnyResponse:
    if membership.id == this_membership().id:
        flash(f"You have left {workspace.name}.", "good")
        return go_to(url_for("auth.start"))
    flash(f"{_name(membership)} is no longer in {workspace.name}.", "good")
    return _to_list(workspace)


def _list_page(workspace: Workspace, problem: str = "") -> tuple[str, int]:
    members = workspaces.members(workspace.id)
    seen = sign_ins.last_seen([row.person_id for row in members])
    order = sorting.from_request(COLUMNS, "people.index", {"slug": workspace.slug}, "members")
    page = render_template(
        "people/index.html",
        rows=ordering.in_rows(order.order, [_row(row, seen) for row in members], _BY),
        sorting=order,
        roles=ROLES,
        invited=invitations.pending_in(workspace.id),
        now=clock.now(),
        may_manage=this_membership().allows("people.manage"),
        can_invite=workspace.kind != "personal",
        problem=problem,
    )
    return page, 422 if problem else 200


def _row(membership: Membership, seen: dict[str, Any] | None = None) -> dict[str, Any]:
    if seen is None:
        seen = sign_ins.last_seen([membership.person_id])
    return {
        "membership": membership,
        "person": membership.person,
        "seen_at": seen.get(membership.person_id),
        "is_me": membership.id == this_membership().id,
    }


def _form_page(workspace: Workspace, form: InvitationForm) -> Response:
    status = 422 if form.errors else 200
    texts = {role.value: ROLE_TEXTS[role] for role in Role}
    return page_or_piece(
        "people/invitation.html", "people/_invitation.html", status, form=form, texts=texts
    )


def _refused(workspace: Workspace, problem: str) -> Any:
    """An error above the list; for htmx only the sentence, which leaves the row unchanged."""
    if wants_piece():
        raise Invalid(problem)
    return _list_page(workspace, problem)


def _to_list(workspace: Workspace) -> AnyResponse:
    return go_to(url_for("people.index", slug=workspace.slug))


def _name(membership: Membership) -> str:
    return membership.person.name or membership.person.email
