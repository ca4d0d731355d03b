"""The widget on others' sites: the script that a site loads, and the page that its frame shows.

The script is the same for everybody a site may have; which sites may, the bot's list says. The server
looks at who asks for the script, the browser at who frames the page.
"""

from flask import Blueprint, Response, current_app, g, make_response, request

from core.bots import sites, visitors
from core.bots.models import Bot
from core.bots.visitors import origin_of
from core.errors import BotOff, MevichatError, NotFound
from web.chat import page_data, widget_script
from web.chat import pages as chat
from web.errors import status_of
from web.guards import public, visitor_of_bot
from web.security import CONTENT_POLICY

pages = Blueprint("widget", __name__)

FRESH_SECONDS = 60
_NOT_ALLOWED = (
    "{origin} isn’t an allowed site for this chat yet. The owner can allow it in the console."
)
_NO_ORIGIN = "This page has no web address, so it can’t be allowed. Open it from a web server."
_OFF = "This chat is disabled. Its owner can enable it in the console under Bots, Settings."


@pages.get("/w/<bot_id>.js")
@public
def loader(bot_id: str) -> Response:
    """The widget's script; where it may not run, one that says why to who looks after the site."""
    bot = visitors.get_bot(bot_id)
    why_not = _why_not(bot)
    text = widget_script.silent(bot.id, why_not) if why_not else widget_script.loader(bot, base())
    response = Response(text, mimetype="text/javascript")
    kept = "no-store" if why_not else f"private, max-age={FRESH_SECONDS}"
    response.headers["Cache-Control"] = kept
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.vary.update(("Referer", "Origin"))
    response.add_etag()
    response.make_conditional(request)
    return response


@pages.get("/chat/<bot_id>/frame")
@visitor_of_bot
def frame(bot: Bot) -> Response:
    """The chat for the bot's sites: no cookie is read or set, and only they may frame it."""
    g.stands_alone = g.framed = True
    return _framed_by(bot.allowed_origins, chat.page(bot, framed=True))


@pages.errorhandler(BotOff)
@pages.errorhandler(NotFound)
def _away(error: MevichatError) -> Response:
    """The bot is off, or gone, since the site loaded its script: a word to the visitor, wherever that is."""
    g.stands_alone = g.framed = True
    bot = visitors.find_bot((request.view_args or {}).get("bot_id", ""))
    page = make_response(page_data.away(bot, error.code), status_of(error))
    return _framed_by(bot.allowed_origins if bot else ["*"], page)


def _framed_by(sites: list[str], page: Response) -> Response:
    """The browser lets these sites frame it, and us; also sites that keep to themselves (COEP)."""
    ancestors = " ".join(["frame-ancestors 'self'", *sites])
    page.headers["Content-Security-Policy"] = CONTENT_POLICY.replace(
        "frame-ancestors 'none'", ancestors
    )
    page.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    page.headers["Cross-Origin-Embedder-Policy"] = "require-corp"
    return page


def _why_not(bot: Bot) -> str:
    """Why the site that asks gets no widget, for who looks after it; "" where it does."""
    asked_from = request.headers.get("Origin") or request.headers.get("Referer", "")
    origin = origin_of(asked_from)
    if asked_from and not origin:
        return _NO_ORIGIN
    if origin and origin not in (*_own_origins(), *bot.allowed_origins):
        sites.note_seen(bot, origin)
        return _NOT_ALLOWED.format(origin=origin)
    return "" if bot.enabled else _OFF


def line_for(bot_id: str) -> str:
    """What a site puts into its pages."""
    return f'<script src="{base()}/w/{bot_id}.js" defer></script>'


def base() -> str:
    """Where this deployment is found: as the operator says, else as this request has found it."""
    return current_app.config["MEVICHAT"].public_url or request.host_url.rstrip("/")


def _own_origins() -> set[str]:
    return {origin_of(base()), request.host_url.rstrip("/")}
