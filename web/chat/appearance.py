"""What of a bot's look its chat loads: a stylesheet and a picture, both kept by their address."""

from typing import Any

from flask import Blueprint, Response, make_response, request, url_for

from core.bots.appearance import appearance, avatars, theme
from core.bots.models import Bot
from core.errors import NotFound
from web.guards import visitor_of_bot

pages = Blueprint("chat_look", __name__, url_prefix="/chat/<bot_id>")

YEAR_SECONDS = 365 * 86400
MINUTE_SECONDS = 60
NOTHING_ELSE = "default-src 'none'; sandbox"
"""A picture is one, and nothing that a browser could run, wherever it is opened."""


@pages.get("/look.css")
@visitor_of_bot
def stylesheet(bot: Bot) -> Response:
    chosen = appearance.appearance_of(bot)
    response = make_response(theme.css(chosen))
    response.headers["Content-Type"] = "text/css; charset=utf-8"
    return _kept(response, theme.digest(chosen))


@pages.get("/avatar")
@visitor_of_bot
def avatar(bot: Bot) -> Response:
    found = avatars.find(bot.id)
    if found is None:
        raise NotFound("This bot has no avatar.")
    response = make_response(found.content)
    response.headers["Content-Type"] = found.media_type
    response.headers["Content-Security-Policy"] = NOTHING_ELSE
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return _kept(response, found.digest)


def facts(bot: Bot) -> dict[str, Any]:
    """What the chat's page is drawn with."""
    chosen = appearance.appearance_of(bot)
    return {
        "look": chosen,
        "look_version": theme.digest(chosen),
        "title": appearance.title_of(bot, chosen),
        "avatar_url": avatar_url(bot, chosen),
        "our_name": appearance.shows_branding(chosen, bot.workspace.plan),
    }


def avatar_url(bot: Bot, chosen: appearance.Appearance) -> str:
    """ "" where a monogram or nothing stands instead."""
    digest = avatars.digest_of(bot.id) if chosen.avatar == "picture" else ""
    return url_for("chat_look.avatar", bot_id=bot.id, v=digest) if digest else ""


def _kept(response: Response, version: str) -> Response:
    """A year under the address of this version; of any other, a minute."""
    is_this = request.args.get("v") == version
    response.cache_control.public = True
    response.cache_control.max_age = YEAR_SECONDS if is_this else MINUTE_SECONDS
    response.cache_control.immutable = is_this
    response.set_etag(version)
    response.make_conditional(request)
    return response
