"""Who is signed in on a browser, and who is halfway: password right, second factor still to come.

The cookie names a sign-in of ours, which ends when we say so. Halfway, it says for five minutes whose
password was right; how many codes may be tried meanwhile is counted by the limiter, not in the cookie.
"""

import hmac

from flask import Flask, current_app, redirect, request, session, url_for
from flask.sessions import SecureCookieSessionInterface, SessionMixin
from flask_login import LoginManager, UserMixin, current_user, login_user
from werkzeug.wrappers import Response as AnyResponse

from core import clock, ids
from core.accounts import people, sign_ins
from core.accounts.models import Person, SignIn

TWO_FACTOR_SECONDS = 5 * 60
_PENDING_TWO_FACTOR = "halfway"


class SignedIn(UserMixin):
    """What Flask-Login knows of a person: the token of this browser's sign-in is the id."""

    def __init__(self, token: str, sign_in: SignIn) -> None:
        self._token = token
        self.sign_in = sign_in

    @property
    def person(self) -> Person:
        return self.sign_in.person

    def get_id(self) -> str:
        return self._token


class Sessions(SecureCookieSessionInterface):
    """A page renews the cookie; a piece that a script fetched beside it does not.

    It may come after the answer of a form, and would put back the cookie from before it: the sentence of
    what the form has done would never be shown.
    """

    def should_set_cookie(self, app: Flask, session: SessionMixin) -> bool:
        renews = request.headers.get("Sec-Fetch-Mode", "navigate") == "navigate"
        return session.modified or (renews and super().should_set_cookie(app, session))


def register(app: Flask) -> None:
    app.session_interface = Sessions()
    manager = LoginManager(app, add_context_processor=False)
    manager.user_loader(_load)
    manager.session_protection = None


def secret_key() -> str:
    """What digests of tokens are made with."""
    key: str = current_app.config["SECRET_KEY"]
    return key


def begin(person: Person, to: str = "") -> AnyResponse:
    """Signs in on this browser, with a fresh session: nothing of an earlier cookie lives on."""
    if current_user.is_authenticated:
        sign_ins.end(current_user.sign_in.id)
    token = sign_ins.start(person, secret_key(), request.headers.get("User-Agent", ""))
    found = sign_ins.find(token, secret_key())
    assert found is not None  # noqa: S101  (it was started a line above)
    session.clear()
    session.permanent = True
    login_user(SignedIn(token, found))
    return redirect(to or safe_next_url() or url_for("auth.start"), 303)


def this_sign_in() -> SignIn:
    found: SignIn = current_user.sign_in
    return found


def begin_two_factor(person: Person) -> AnyResponse:
    """Remembers whose password was right, and asks for the code."""
    until = clock.now().timestamp() + TWO_FACTOR_SECONDS
    session[_PENDING_TWO_FACTOR] = {
        "person": person.id,
        "state": _state(person),
        "until": until,
        "id": ids.new_id("hlf"),
    }
    return redirect(url_for("auth.sign_in_code", next=safe_next_url()), 303)


def pending_two_factor() -> Person | None:
    """Whose password was right on this browser within the last five minutes, and is still the same."""
    kept = session.get(_PENDING_TWO_FACTOR)
    if not kept or kept["until"] < clock.now().timestamp():
        return None
    person = people.by_id(kept["person"])
    same = person is not None and hmac.compare_digest(kept["state"], _state(person))
    return person if same else None


def pending_two_factor_id() -> str:
    """What its codes are counted by."""
    kept = session.get(_PENDING_TWO_FACTOR) or {}
    return str(kept.get("id", ""))


def safe_next_url() -> str | None:
    """The page that asked for the sign-in, if it is one of ours."""
    target = request.args.get("next", "")
    ours = target.startswith("/") and not target.startswith(("//", "/\\")) and "\\" not in target
    return target if ours and target.isprintable() else None


def _load(token: str) -> SignedIn | None:
    found = sign_ins.find(token, secret_key())
    if found is None:
        return None
    sign_ins.record_seen(found)
    return SignedIn(token, found)


def _state(person: Person) -> str:
    """Changes with the password and the second factor: a halfway sign-in ends with either."""
    told = f"halfway|{person.password_hash}|{person.totp_sealed}|{person.totp_since}"
    return ids.token_digest(told, secret_key())
