"""Browser sessions: who is signed in, and who still has to pass two-factor authentication.

The cookie holds the token of a sign-in row, which the server can end at any time. While two-factor
authentication is pending, it holds the person for five minutes; the rate limiter counts attempts.
"""

import hmac
from datetime import timedelta
from typing import Any

from flask import Flask, current_app, redirect, request, session, url_for
from flask.sessions import SecureCookieSessionInterface, SessionMixin
from flask_login import LoginManager, UserMixin, current_user, login_user
from itsdangerous import SignatureExpired, TimestampSigner, URLSafeTimedSerializer
from werkzeug.wrappers import Response as AnyResponse

from core import clock, ids
from core.accounts import people, sign_ins
from core.accounts.models import Person, SignIn

TWO_FACTOR_SECONDS = 5 * 60
_PENDING_TWO_FACTOR = "halfway"


class SignedIn(UserMixin):
    """Flask-Login's user: its id is the token of this browser's sign-in."""

    def __init__(self, token: str, sign_in: SignIn) -> None:
        self._token = token
        self.sign_in = sign_in

    @property
    def person(self) -> Person:
        return self.sign_in.person

    def get_id(self) -> str:
        return self._token


class TolerantSigner(TimestampSigner):
    """Accepts cookies from up to a day ahead: a server whose clock is set back signs nobody out."""

    AHEAD = timedelta(days=1)

    def unsign(
        self, signed_value: Any, max_age: int | None = None, return_timestamp: bool = False
    ) -> Any:
        value, signed_at = super().unsign(signed_value, return_timestamp=True)
        age = self.get_timestamp() - int(signed_at.timestamp())
        if max_age is not None and not -self.AHEAD.total_seconds() <= age <= max_age:
            raise SignatureExpired(f"Signed {age} seconds ago", value, signed_at)
        return (value, signed_at) if return_timestamp else value


class Sessions(SecureCookieSessionInterface):
    """Renews the cookie on page loads only, not on requests that scripts make.

    A background response that arrives after a form's would restore the older cookie and lose the flash
    message.
    """

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        serializer = super().get_signing_serializer(app)
        if serializer is not None:
            serializer.signer = TolerantSigner
        return serializer

    def should_set_cookie(self, app: Flask, session: SessionMixin) -> bool:
        renews = request.headers.get("Sec-Fetch-Mode", "navigate") == "navigate"
        return session.modified or (renews and super().should_set_cookie(app, session))


def register(app: Flask) -> None:
    app.session_interface = Sessions()
    manager = LoginManager(app, add_context_processor=False)
    manager.user_loader(_load)
    manager.session_protection = None


def secret_key() -> str:
    """The key for token digests."""
    key: str = current_app.config["SECRET_KEY"]
    return key


def begin(person: Person, to: str = "") -> AnyResponse:
    """Signs in on this browser with a fresh session, discarding the old cookie's data."""
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
    """Remembers who entered the right password, and asks for the code."""
    until = clock.now().timestamp() + TWO_FACTOR_SECONDS
    session[_PENDING_TWO_FACTOR] = {
        "person": person.id,
        "state": _state(person),
        "until": until,
        "id": ids.new_id("hlf"),
    }
    return redirect(url_for("auth.sign_in_code", next=safe_next_url()), 303)


def pending_two_factor() -> Person | None:
    """The person who entered the right password in the last five minutes, if it hasn't changed since."""
    pending = session.get(_PENDING_TWO_FACTOR)
    if not pending:
        return None
    left = pending["until"] - clock.now().timestamp()
    if not 0 <= left <= TWO_FACTOR_SECONDS:  # more where the clock was set back since
        return None
    person = people.by_id(pending["person"])
    is_unchanged = person is not None and hmac.compare_digest(pending["state"], _state(person))
    return person if is_unchanged else None


def pending_two_factor_id() -> str:
    """The rate limit key for codes on this browser."""
    pending = session.get(_PENDING_TWO_FACTOR) or {}
    return str(pending.get("id", ""))


def safe_next_url() -> str | None:
    """The `next` page after sign-in, if it is a path on this site."""
    target = request.args.get("next", "")
    is_local = (
        target.startswith("/") and not target.startswith(("//", "/\\")) and "\\" not in target
    )
    return target if is_local and target.isprintable() else None


def _load(token: str) -> SignedIn | None:
    found = sign_ins.find(token, secret_key())
    if found is None:
        return None
    sign_ins.record_seen(found)
    return SignedIn(token, found)


def _state(person: Person) -> str:
    """Changes with the password and two-factor setup, which ends a pending sign-in."""
    state = f"halfway|{person.password_hash}|{person.totp_sealed}|{person.totp_since}"
    return ids.token_digest(state, secret_key())
