"""Access control for views. A view without a guard is refused before it runs."""

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
    """Anyone: for views that show no one's data."""
    return _named(view, "public")


def requires_sign_in(view: View) -> View:
    """Anyone signed in; the view gets the person from `this_person()`."""

    @wraps(view)
    def guarded(**values: Any) -> Any:
        this_person()
        return view(**values)

    return _named(guarded, "signed_in")


def requires(permission: str) -> Callable[[View], View]:
    """Members of the workspace in the URL whose role has the permission.

    Non-members get 404, members without the permission 403. The view's first argument is the workspace.
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
    """Visitors of an enabled bot, from an allowed site. The view's first argument is the bot."""

    @wraps(view)
    def guarded(bot_id: str, **values: Any) -> Any:
        return view(_bot(bot_id), **values)

    return _named(guarded, "visitor_of_bot")


def visitor_in_conversation(view: View) -> View:
    """Visitors with a valid visitor token. The view's first argument is the conversation."""

    @wraps(view)
    def guarded(bot_id: str, **values: Any) -> Any:
        bot = _bot(bot_id)
        return view(_conversation(bot), **values)

    return _named(guarded, "visitor_in_conversation")


def gateway_token(view: View) -> View:
    """Clients with a gateway token, in any header SDKs use. The view's first argument is the caller."""

    @wraps(view)
    def guarded(**values: Any) -> Any:
        token = access.presented_token(request.headers)
        return view(access.authenticate(token, current_app.config["SECRET_KEY"]), **values)

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
    """The current person as an actor for the audit log."""
    return actor_of(this_person())


def actor_of(person: Person) -> Actor:
    """The person with this request's IP address, for the audit log."""
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
