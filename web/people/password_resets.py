"""Password resets: request one by email, then choose a new password behind its link."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response as AnyResponse
from wtforms import PasswordField, StringField
from wtforms.validators import DataRequired, Length

from core.accounts import password_resets
from core.errors import Invalid
from web.forms import Form
from web.guards import public
from web.people.sessions import secret_key
from web.people.sign_in_limits import limiter, sign_in_limit

pages = Blueprint("password_resets", __name__, url_prefix="/password-resets")


class EmailForm(Form):
    email = StringField(
        "Email", validators=[DataRequired("Enter your email address."), Length(max=254)]
    )


class PasswordForm(Form):
    password = PasswordField("New password", validators=[DataRequired("Enter a password.")])


@pages.route("/new", methods=["GET", "POST"])
@public
@limiter.limit(sign_in_limit, methods=["POST"])
def new() -> Any:
    form = EmailForm()
    if form.validate_on_submit():
        password_resets.request(form.email.data, secret_key())
        return redirect(url_for("password_resets.sent"), 303)
    return _page("password_resets/new.html", form)


@pages.get("")
@public
def sent() -> str:
    """The same page for every address, so that it doesn't reveal who has an account."""
    return render_template("password_resets/sent.html")


@pages.route("/<reset_token>", methods=["GET", "POST"])
@public
@limiter.limit(sign_in_limit, methods=["POST"])
def choose(reset_token: str) -> Any:
    reset, form = password_resets.by_token(reset_token, secret_key()), PasswordForm()
    if form.validate_on_submit():
        try:
            password_resets.use(reset, form.password.data)
        except Invalid as error:
            form.password.errors = [error.message]
        else:
            return _chosen()
    email = password_resets.person_of(reset).email
    return _page("password_resets/choose.html", form, email=email, token=reset_token)


def _chosen() -> AnyResponse:
    flash("Password changed. Sign in with the new one.", "good")
    return redirect(url_for("auth.sign_in"), 303)


def _page(template: str, form: Form, **context: str) -> tuple[str, int]:
    return render_template(template, form=form, **context), 422 if form.errors else 200
