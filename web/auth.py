"""Signing up, in and out. The cookie names a sign-in of ours, which ends when we say so."""

from typing import Any

from flask import (
    Blueprint,
    Flask,
    current_app,
    flash,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask_login import LoginManager, UserMixin, current_user, login_user
from werkzeug.wrappers import Response as AnyResponse
from wtforms import PasswordField, StringField
from wtforms.validators import DataRequired, Length

from core.accounts import people, sign_ins, workspaces
from core.accounts.models import Person, SignIn
from core.errors import Conflict, Invalid, NotAllowed
from web.forms import Form
from web.guards import public, signed_in, this_person
from web.limits import limiter, sign_in_limit

pages = Blueprint("auth", __name__)

_EMAIL = "Write your e-mail address."
_PASSWORD = "Write your password."


class SignUpForm(Form):
    name = StringField("Your name", validators=[Length(max=100)])
    email = StringField("E-mail", validators=[DataRequired(_EMAIL), Length(max=254)])
    password = PasswordField("Password", validators=[DataRequired(_PASSWORD)])


class SignInForm(Form):
    email = StringField("E-mail", validators=[DataRequired(_EMAIL)])
    password = PasswordField("Password", validators=[DataRequired(_PASSWORD)])


class SignedIn(UserMixin):  # type: ignore[misc]
    """What Flask-Login knows of a person: the token of this browser's sign-in is the id."""

    def __init__(self, token: str, sign_in: SignIn) -> None:
        self._token = token
        self.sign_in = sign_in

    @property
    def person(self) -> Person:
        return self.sign_in.person

    def get_id(self) -> str:
        return self._token


def register(app: Flask) -> None:
    manager = LoginManager(app, add_context_processor=False)
    manager.user_loader(_load)
    manager.session_protection = None


def _load(token: str) -> SignedIn | None:
    found = sign_ins.find(token, current_app.config["SECRET_KEY"])
    if found is None:
        return None
    sign_ins.note_seen(found)
    return SignedIn(token, found)


@pages.get("/")
@public
def start() -> AnyResponse:
    """The first workspace of whoever is signed in; else the way in."""
    if not current_user.is_authenticated:
        empty = people.nobody_yet()
        return redirect(url_for("auth.sign_up" if empty else "auth.sign_in"), 303)
    first = workspaces.memberships_of(this_person().id)[0].workspace
    return redirect(url_for("home.show", slug=first.slug), 303)


@pages.route("/sign-up", methods=["GET", "POST"])
@public
@limiter.limit(sign_in_limit, methods=["POST"])
def sign_up() -> Any:
    if not current_app.config["MEVICHAT"].open_sign_up:
        raise NotAllowed("Signing up is closed here. Ask the operator for an account.")
    form = SignUpForm()
    if form.validate_on_submit():
        try:
            person = people.sign_up(form.email.data, form.password.data, form.name.data or "")
        except (Invalid, Conflict) as error:
            _field_at_fault(form, error.message).errors.append(error.message)
        else:
            return _signed_in(person)
    return render_template("auth/sign_up.html", form=form), _status(form)


@pages.route("/sign-in", methods=["GET", "POST"])
@public
@limiter.limit(sign_in_limit, methods=["POST"])
def sign_in() -> Any:
    form = SignInForm()
    if form.validate_on_submit():
        person = people.authenticate(form.email.data, form.password.data)
        if person:
            return _signed_in(person)
        form.password.errors.append("E-mail address and password do not belong together.")
    return render_template("auth/sign_in.html", form=form), _status(form)


@pages.post("/sign-out")
@signed_in
def sign_out() -> AnyResponse:
    sign_ins.end(current_user.sign_in.id)
    session.clear()
    flash("You are signed out.", "good")
    return redirect(url_for("auth.sign_in"), 303)


def _signed_in(person: Person) -> AnyResponse:
    """A fresh session for every sign-in: nothing of an earlier cookie lives on."""
    if current_user.is_authenticated:
        sign_ins.end(current_user.sign_in.id)
    secret_key = current_app.config["SECRET_KEY"]
    token = sign_ins.start(person, secret_key, request.headers.get("User-Agent", ""))
    found = sign_ins.find(token, secret_key)
    assert found is not None
    session.clear()
    session.permanent = True
    login_user(SignedIn(token, found))
    return redirect(_way_back(), 303)


def _way_back() -> str:
    """The page that asked for the sign-in, if it is one of ours."""
    target = request.args.get("next", "")
    ours = target.startswith("/") and not target.startswith(("//", "/\\")) and "\\" not in target
    return target if ours and target.isprintable() else url_for("auth.start")


def _field_at_fault(form: SignUpForm, message: str) -> Any:
    field = form.password if "password" in message else form.email
    field.errors = list(field.errors)
    return field


def _status(form: Form) -> int:
    return 422 if form.errors else 200
