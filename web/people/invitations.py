"""The page behind an invitation link: who invites, to which workspace and role, and how to accept."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response as AnyResponse
from wtforms import PasswordField, StringField
from wtforms.validators import DataRequired, Length

from core.accounts import invitations, people, workspaces
from core.accounts.models import Invitation, Person
from core.accounts.roles import ROLE_TEXTS, Role
from core.errors import Conflict, Invalid
from web.forms import Form
from web.guards import actor_of, public, requires_sign_in, this_person
from web.people import sessions
from web.people.sign_in_limits import limiter, sign_in_limit

pages = Blueprint("invitations", __name__, url_prefix="/invitations/<invitation_token>")


class AccountForm(Form):
    name = StringField("Your name", validators=[Length(max=people.MAX_NAME_LENGTH)])
    password = PasswordField("Password", validators=[DataRequired("Enter a password.")])


@pages.get("")
@public
def show(invitation_token: str) -> Any:
    return _page(_invitation(invitation_token), invitation_token)


@pages.post("/acceptance")
@requires_sign_in
def accept(invitation_token: str) -> Any:
    invitation = _invitation(invitation_token)
    try:
        invitations.accept(invitation, this_person(), actor_of(this_person()))
    except Invalid as error:
        return _page(invitation, invitation_token, problem=error.message)
    return _welcome(invitation)


@pages.post("/account")
@public
@limiter.limit(sign_in_limit, methods=["POST"])
def create_account(invitation_token: str) -> Any:
    """Works even where sign-up is closed: the email proves the address, and an owner sent the invitation."""
    invitation, form = _invitation(invitation_token), AccountForm()
    if not form.validate_on_submit() or current_user.is_authenticated:
        return _page(invitation, invitation_token, form, "Sign out first, then create an account.")
    try:
        person = people.sign_up(
            invitation.email,
            form.password.data,
            form.name.data or "",
            origin=request.remote_addr or "",
        )
    except (Invalid, Conflict) as error:
        form.password.errors = [error.message]
        return _page(invitation, invitation_token, form)
    invitations.accept(invitation, person, actor_of(person))
    return sessions.begin(person, to=_home(invitation))


def _invitation(token: str) -> Invitation:
    return invitations.by_token(token, sessions.secret_key())


def _page(
    invitation: Invitation, token: str, form: AccountForm | None = None, problem: str = ""
) -> tuple[str, int]:
    form = form or AccountForm()
    problem = "" if form.errors else problem
    page = render_template(
        "invitations/show.html",
        invitation=invitation,
        role_text=ROLE_TEXTS[Role(invitation.role)],
        token=token,
        way=_next_step(invitation),
        form=form,
        problem=problem,
        home=_home(invitation),
    )
    return page, 422 if form.errors or problem else 200


def _next_step(invitation: Invitation) -> str:
    """What the current visitor can do with it: join, sign in, sign up, or read why not."""
    if not current_user.is_authenticated:
        return "sign-in" if people.find(invitation.email) else "sign-up"
    person: Person = this_person()
    if any(
        row.workspace_id == invitation.workspace_id for row in workspaces.memberships_of(person.id)
    ):
        return "inside"
    return "join" if person.email == invitation.email else "somebody-else"


def _welcome(invitation: Invitation) -> AnyResponse:
    flash(f"Welcome to {invitation.workspace.name}.", "good")
    return redirect(_home(invitation), 303)


def _home(invitation: Invitation) -> str:
    return url_for("home.show", slug=invitation.workspace.slug)
