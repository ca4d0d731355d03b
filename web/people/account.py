"""A person's account page: name, password, signed-in browsers and two-factor authentication."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse
from wtforms import PasswordField, StringField
from wtforms.validators import DataRequired

from core.accounts import browsers, passwords, people, sign_ins, two_factor, workspaces
from core.errors import Invalid
from web.forms import Form
from web.guards import requires_sign_in, this_person
from web.people.sessions import this_sign_in
from web.people.sign_in_limits import limiter, sign_in_limit

pages = Blueprint("account", __name__, url_prefix="/account")

OTHERS = "others"


class NameForm(Form):
    name = StringField("Your name")


class PasswordForm(Form):
    present = PasswordField(
        "Current password", validators=[DataRequired("Enter your current password.")]
    )
    new = PasswordField("New password", validators=[DataRequired("Enter a new password.")])


@pages.get("")
@requires_sign_in
def show() -> Any:
    return _page()


@pages.post("/name")
@requires_sign_in
def rename() -> Any:
    form = NameForm()
    try:
        people.rename(this_person(), form.name.data or "")
    except Invalid as error:
        form.name.errors = [error.message]
        return _page(name_form=form)
    return _done("Saved.")


@pages.post("/password")
@requires_sign_in
@limiter.limit(sign_in_limit)
def change_password() -> Any:
    form = PasswordForm()
    if not form.validate_on_submit():
        return _page(password_form=form)
    try:
        passwords.change(this_person(), form.present.data, form.new.data, this_sign_in().id)
    except Invalid as error:
        (form.present if error.field == "present" else form.new).errors = [error.message]
        return _page(password_form=form)
    return _done("Password changed. You’ve been signed out in all other browsers.")


@pages.post("/ended-sign-ins")
@requires_sign_in
def end_sign_ins() -> AnyResponse:
    """Signs out one browser, or all but this one. Signing out twice is harmless."""
    which = request.form.get("which", "")
    if which == OTHERS:
        sign_ins.end_others(this_person().id, this_sign_in().id)
        return _done("You’ve been signed out in all other browsers.")
    if which == this_sign_in().id:
        return _done("You’re using this browser now. Sign out from the menu instead.", "info")
    ended = sign_ins.end_one(this_person().id, which)
    return _done(
        "That browser has been signed out." if ended else "That browser was already signed out."
    )


def _page(
    name_form: NameForm | None = None, password_form: PasswordForm | None = None
) -> tuple[str, int]:
    person, forms = this_person(), [form for form in (name_form, password_form) if form]
    page = render_template(
        "account/show.html",
        name_form=name_form or NameForm(formdata=None, data={"name": person.name}),
        password_form=password_form or PasswordForm(formdata=None),
        codes_left=two_factor.recovery_codes_left(person.id),
        sign_ins=[
            {"row": row, "browser": browsers.in_words(row.user_agent)}
            for row in sign_ins.active_sign_ins(person.id)
        ],
        this_sign_in=this_sign_in(),
        others=OTHERS,
        memberships=workspaces.memberships_of(person.id),
    )
    return page, 422 if any(form.errors for form in forms) else 200


def _done(text: str, kind: str = "good") -> AnyResponse:
    flash(text, kind)
    return redirect(url_for("account.show"), 303)
