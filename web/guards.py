"""Who may call a view. Every view names its guard, or the request is refused before it runs."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Flask, current_app, g, request
from flask_login import current_user

from core.accounts import workspaces
from core.accounts.actor import Actor
from core.accounts.models import Membership, Person
from core.bots import visitors
from core.bots.models import Bot, Conversation
from core.errors import BadToken, NotAllowed, NotSignedIn
from core.gateway import access

View = Callable[..., Any]


def register(app: Flask) -> None:
    app.view_functions["static"].guard = "public"  # type: ignore[union-attr]
    app.before_request(_refuse_unguarded)


def public(view: View) -> View:
    """Anybody: for what shows nothing of anybody's."""
    return _named(view, "public")


def requires_sign_in(view: View) -> View:
    """Anybody with an account; the view finds the person with `this_person()`."""

    @wraps(view)
    def guarded(**values: Any) -> Any:
        this_person()
        return view(**values)

    return _named(guarded, "signed_in")


def requires(permission: str) -> Callable[[View], View]:
    """People of the workspace in the address whose role has the permission.

    Strangers get 404, others 403. The view's first argument is the workspace.
    """

    def wrap(view: View) -> View:
        @wraps(view)
        def guarded(slug: str, **values: Any) -> Any:
            g.membership = workspaces.membership(this_person().id, slug)
            if not g.membership.allows(permission):
                raise NotAllowed()
            return view(g.membership.workspace, **values)

        return _named(guarded, permission)

    return wrap


def visitor_of_bot(view: View) -> View:
    """Visitors: the bot is on and this page may use it. The view's first argument is the bot."""

    @wraps(view)
    def guarded(bot_id: str, **values: Any) -> Any:
        return view(_bot(bot_id), **values)

    return _named(guarded, "visitor_of_bot")


def visitor_in_conversation(view: View) -> View:
    """As before, with the visitor's token: the view's first argument is the conversation."""

    @wraps(view)
    def guarded(bot_id: str, **values: Any) -> Any:
        bot = _bot(bot_id)
        return view(_conversation(bot), **values)

    return _named(guarded, "visitor_in_conversation")


def gateway_token(view: View) -> View:
    """Programs with a gateway token, in any header that SDKs use. The view's first argument: the caller."""

    @wraps(view)
    def guarded(**values: Any) -> Any:
        offered = access.presented_token(request.headers)
        return view(access.authenticate(offered, current_app.config["SECRET_KEY"]), **values)

    return _named(guarded, "gateway_token")


def this_person() -> Person:
    if not current_user.is_authenticated:
        raise NotSignedIn()
    person: Person = current_user.person
    return person


def this_membership() -> Membership:
    membership: Membership = g.membership
    return membership


def this_actor() -> Actor:
    """Who asks, as the audit log remembers it."""
    return actor_of(this_person())


def actor_of(person: Person) -> Actor:
    """The person, from where this request comes."""
    return Actor(person.name or person.email, request.remote_addr or "", person.id)


def _bot(bot_id: str) -> Bot:
    origin = request.headers.get("Origin")
    return visitors.bot_for_visitor(bot_id, origin, request.host_url.rstrip("/"))


def _conversation(bot: Bot) -> Conversation:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise BadToken()
    return visitors.conversation_of(token.strip(), bot.id, current_app.config["SECRET_KEY"])


def _named(view: View, guard: str) -> View:
    view.guard = guard  # type: ignore[attr-defined]
    return view


def _refuse_unguarded() -> None:
    view = current_app.view_functions.get(request.endpoint or "")
    if view is not None and not hasattr(view, "guard"):
        raise NotAllowed("This page isn’t available.")
