"""The widget on other sites: the script that a site loads, and the page inside its frame.

Only allowed sites get it: the server checks the origin that loads the script, the browser the one that
frames the page.
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

CACHE_SECONDS = 60
_NOT_ALLOWED = (
    "{origin} isn’t an allowed site for this chat yet. The owner can allow it in the console."
)
_NO_ORIGIN = "This page has no web address, so it can’t be allowed. Open it from a web server."
_OFF = "This chat is disabled. Its owner can enable it in the console under Bots, Settings."


@pages.get("/w/<bot_id>.js")
@public
def loader(bot_id: str) -> Response:
    """The widget's script; on a site that isn't allowed, one that logs the reason in the console."""
    bot = visitors.get_bot(bot_id)
    refusal = _refusal(bot)
    text = widget_script.silent(bot.id, refusal) if refusal else widget_script.loader(bot, base())
    response = Response(text, mimetype="text/javascript")
    cache_control = "no-store" if refusal else f"private, max-age={CACHE_SECONDS}"
    response.headers["Cache-Control"] = cache_control
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.vary.update(("Referer", "Origin"))
    response.add_etag()
    response.make_conditional(request)
    return response


@pages.get("/chat/<bot_id>/frame")
@visitor_of_bot
def frame(bot: Bot) -> Response:
    """The chat for allowed sites: only they can frame it, and it uses no cookies."""
    g.stands_alone = g.framed = True
    return _framed_by(bot.allowed_origins, chat.page(bot, framed=True))


@pages.errorhandler(BotOff)
@pages.errorhandler(NotFound)
def _away(error: MevichatError) -> Response:
    """The bot was disabled or deleted after the site loaded its script: tells the visitor in the frame."""
    g.stands_alone = g.framed = True
    bot = visitors.find_bot((request.view_args or {}).get("bot_id", ""))
    page = make_response(page_data.away(bot, error.code), status_of(error))
    return _framed_by(bot.allowed_origins if bot else ["*"], page)


def _framed_by(sites: list[str], page: Response) -> Response:
    """Lets these sites and our own frame the page, including sites that enforce COEP."""
    ancestors = " ".join(["frame-ancestors 'self'", *sites])
    page.headers["Content-Security-Policy"] = CONTENT_POLICY.replace(
        "frame-ancestors 'none'", ancestors
    )
    page.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    page.headers["Cross-Origin-Embedder-Policy"] = "require-corp"
    return page


def _refusal(bot: Bot) -> str:
    """Why this site gets no widget, as a message for its developer; "" if it gets one."""
    requester = request.headers.get("Origin") or request.headers.get("Referer", "")
    origin = origin_of(requester)
    if requester and not origin:
        return _NO_ORIGIN
    if origin and origin not in (*_own_origins(), *bot.allowed_origins):
        sites.note_seen(bot, origin)
        return _NOT_ALLOWED.format(origin=origin)
    return "" if bot.enabled else _OFF


def embed_code(bot_id: str) -> str:
    """The embed code for a site's pages."""
    return f'<script src="{base()}/w/{bot_id}.js" defer></script>'


def base() -> str:
    """The deployment's base URL: PUBLIC_URL if set, otherwise this request's host."""
    return current_app.config["MEVICHAT"].public_url or request.host_url.rstrip("/")


def _own_origins() -> set[str]:
    return {origin_of(base()), request.host_url.rstrip("/")}
