"""Signing up, in and out."""

from typing import Any

from flask import (
    Blueprint,
    current_app,
    flash,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask_limiter.util import get_remote_address
from flask_login import current_user
from werkzeug.wrappers import Response as AnyResponse
from wtforms import PasswordField, StringField
from wtforms.validators import DataRequired, Length

from core.accounts import people, sign_ins, two_factor, workspaces
from core.accounts.models import Person
from core.errors import Conflict, Invalid, NotAllowed, Unreadable
from core.log import logger
from web.forms import Form
from web.guards import public, requires_sign_in, this_person
from web.people import sessions
from web.people.sign_in_limits import limiter, sign_in_limit

pages = Blueprint("auth", __name__)

CODES_LIMIT = "5 per 5 minutes"
CODES_PER_PERSON_LIMIT = "30 per hour"
_EMAIL = "Enter your email address."
_PASSWORD = "Enter your password."  # noqa: S105  (a sentence for people)

log = logger("web")


class SignUpForm(Form):
    name = StringField("Your name", validators=[Length(max=people.MAX_NAME_LENGTH)])
    email = StringField("Email", validators=[DataRequired(_EMAIL), Length(max=254)])
    password = PasswordField("Password", validators=[DataRequired(_PASSWORD)])


class SignInForm(Form):
    email = StringField("Email", validators=[DataRequired(_EMAIL)])
    password = PasswordField("Password", validators=[DataRequired(_PASSWORD)])


class CodeForm(Form):
    code = StringField("Code", validators=[DataRequired("Enter a code.")])


@pages.get("/")
@public
def start() -> AnyResponse:
    """Redirects to the person's first workspace, or to sign-in (sign-up while there are no accounts)."""
    if not current_user.is_authenticated:
        empty = people.no_people_yet()
        return redirect(url_for("auth.sign_up" if empty else "auth.sign_in"), 303)
    first = workspaces.memberships_of(this_person().id)[0].workspace
    return redirect(url_for("home.show", slug=first.slug), 303)


@pages.route("/sign-up", methods=["GET", "POST"])
@public
@limiter.limit(sign_in_limit, methods=["POST"])
def sign_up() -> Any:
    if not current_app.config["MEVICHAT"].open_sign_up:
        raise NotAllowed("Sign-up is closed. Ask your administrator for an account.")
    form = SignUpForm()
    if form.validate_on_submit():
        try:
            person = people.sign_up(
                form.email.data,
                form.password.data,
                form.name.data or "",
                origin=request.remote_addr or "",
            )
        except (Invalid, Conflict) as error:
            _invalid_field(form, error.message).errors.append(error.message)
        else:
            return sessions.begin(person)
    return _page("auth/sign_up.html", form)


@pages.route("/sign-in", methods=["GET", "POST"])
@public
@limiter.limit(sign_in_limit, methods=["POST"])
def sign_in() -> Any:
    form = SignInForm()
    if form.validate_on_submit():
        person = people.authenticate(form.email.data, form.password.data)
        if person and person.has_two_factor:
            return sessions.begin_two_factor(person)
        if person:
            return sessions.begin(person)
        _log_failed(people.find(form.email.data), "password")
        form.password.errors.append("Wrong email or password.")
    return _page("auth/sign_in.html", form)


@pages.route("/sign-in/code", methods=["GET", "POST"])
@public
@limiter.limit(sign_in_limit, methods=["POST"])
@limiter.limit(
    CODES_PER_PERSON_LIMIT,
    methods=["POST"],
    key_func=lambda: (
        (person := sessions.pending_two_factor()) and person.id or get_remote_address()
    ),
)
@limiter.limit(
    CODES_LIMIT,
    methods=["POST"],
    key_func=lambda: sessions.pending_two_factor_id() or get_remote_address(),
)
def sign_in_code() -> Any:
    """Two-factor authentication: a code from the app, or a recovery code."""
    person, form = sessions.pending_two_factor(), CodeForm()
    if person is None:
        return redirect(url_for("auth.sign_in", next=sessions.safe_next_url()), 303)
    if form.validate_on_submit() and _accepts_code(person, form):
        return sessions.begin(person)
    return _page("auth/sign_in_code.html", form)


@pages.post("/sign-out")
@requires_sign_in
def sign_out() -> AnyResponse:
    sign_ins.end(sessions.this_sign_in().id)
    session.clear()
    flash("You’ve signed out.", "good")
    return redirect(url_for("auth.sign_in"), 303)


def _accepts_code(person: Person, form: CodeForm) -> bool:
    try:
        if two_factor.accepts(person, form.code.data, sessions.secret_key()):
            return True
        form.code.errors = [two_factor.WRONG_CODE]
    except Unreadable as error:
        form.code.errors = [error.message]
    _log_failed(person, "code")
    return False


def _log_failed(person: Person | None, step: str) -> None:
    """Never logs what was typed: people put passwords in the wrong field."""
    person_id = person.id if person else ""
    log.warning("sign_in_failed", step=step, person_id=person_id, origin=request.remote_addr)


def _invalid_field(form: SignUpForm, message: str) -> Any:
    field = form.password if "password" in message else form.email
    field.errors = list(field.errors)
    return field


def _page(template: str, form: Form) -> tuple[str, int]:
    page = render_template(
        template,
        form=form,
        next_url=sessions.safe_next_url(),
        open_sign_up=current_app.config["MEVICHAT"].open_sign_up,
    )
    return page, 422 if form.errors else 200
