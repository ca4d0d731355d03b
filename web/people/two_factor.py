"""Two-factor authentication: set it up with an app, see recovery codes once, turn it off."""

from typing import Any

import segno
from flask import Blueprint, flash, redirect, render_template, url_for
from markupsafe import Markup
from wtforms import PasswordField, StringField
from wtforms.validators import DataRequired

from core.accounts import people, two_factor
from core.errors import Invalid, Unreadable
from web.forms import Form
from web.guards import requires_sign_in, this_person
from web.people.sessions import secret_key
from web.people.sign_in_limits import limiter, sign_in_limit

pages = Blueprint("two_factor", __name__, url_prefix="/account/second-factor")

CODES_LIMIT = "30 per hour"
_QR_PAPER, _QR_INK = "white", "black"
"""Scanners need dark on light, in the dark theme too."""

_codes_of_this_person = limiter.shared_limit(
    CODES_LIMIT, scope="codes", key_func=lambda: this_person().id
)


class PasswordForm(Form):
    password = PasswordField("Your password", validators=[DataRequired("Enter your password.")])


class CodeForm(Form):
    code = StringField("Code", validators=[DataRequired("Enter the code from your app.")])


class ProofForm(PasswordForm):
    code = StringField("Code", validators=[DataRequired("Enter a code.")])


@pages.route("", methods=["GET", "POST"])
@requires_sign_in
@limiter.limit(sign_in_limit, methods=["POST"])
def show() -> Any:
    """Shows the current state. A POST with the password creates the secret for an authenticator app."""
    form = PasswordForm()
    if form.validate_on_submit() and _knows_password(form):
        two_factor.begin(this_person())
        return redirect(url_for("two_factor.show"), 303)
    return _page(password_form=form)


@pages.post("/confirmation")
@requires_sign_in
@_codes_of_this_person
def confirm() -> Any:
    form = CodeForm()
    if not form.validate_on_submit():
        return _page(code_form=form)
    try:
        codes = two_factor.confirm(this_person(), form.code.data, secret_key())
    except Invalid as error:
        form.code.errors = [error.message]
        return _page(code_form=form)
    return render_template("account/recovery_codes.html", codes=codes, fresh=True)


@pages.post("/recovery-codes")
@requires_sign_in
@limiter.limit(sign_in_limit)
@_codes_of_this_person
def make_recovery_codes() -> Any:
    form = ProofForm()
    if not (form.validate_on_submit() and _is_proven(form)):
        return _page(proof_form=form)
    codes = two_factor.new_recovery_codes(this_person(), secret_key())
    return render_template("account/recovery_codes.html", codes=codes, fresh=False)


@pages.post("/removal")
@requires_sign_in
@limiter.limit(sign_in_limit)
@_codes_of_this_person
def disable() -> Any:
    form = ProofForm()
    if not (form.validate_on_submit() and _is_proven(form)):
        return _page(proof_form=form)
    two_factor.disable(this_person())
    flash("Two-factor authentication is disabled. You sign in with your password only.", "good")
    return redirect(url_for("account.show"), 303)


def _is_proven(form: ProofForm) -> bool:
    """Checks the password first, so that a wrong one doesn't use up a code."""
    if not _knows_password(form):
        return False
    try:
        if two_factor.accepts(this_person(), form.code.data, secret_key()):
            return True
        form.code.errors = [two_factor.WRONG_CODE]
    except Unreadable as error:
        form.code.errors = [error.message]
    return False


def _knows_password(form: PasswordForm) -> bool:
    if people.knows_password(this_person(), form.password.data):
        return True
    form.password.errors = ["Wrong password."]
    return False


def _page(
    password_form: PasswordForm | None = None,
    code_form: CodeForm | None = None,
    proof_form: ProofForm | None = None,
) -> tuple[str, int]:
    person, forms = this_person(), (password_form, code_form, proof_form)
    secret = two_factor.secret_to_confirm(person)
    page = render_template(
        "account/two_factor.html",
        secret=" ".join(secret[start : start + 4] for start in range(0, len(secret), 4)),
        qr_code=_qr_code(two_factor.provisioning_uri(person, secret)) if secret else "",
        password_form=password_form or PasswordForm(formdata=None),
        code_form=code_form or CodeForm(formdata=None),
        proof_form=proof_form or ProofForm(formdata=None),
        codes_left=two_factor.recovery_codes_left(person.id),
    )
    return page, 422 if any(form.errors for form in forms if form) else 200


def _qr_code(text: str) -> Markup:
    svg = segno.make_qr(text, error="m").svg_inline(
        border=3, dark=_QR_INK, light=_QR_PAPER, svgclass="qr", lineclass=None, omitsize=True
    )
    return Markup(svg)  # noqa: S704  (segno draws squares: nothing of the text is copied into it)
