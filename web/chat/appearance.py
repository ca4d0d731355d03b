"""A bot's stylesheet and avatar for its chat, both cached by URL."""

from typing import Any

from flask import Blueprint, Response, make_response, request, url_for

from core.bots.appearance import appearance, avatars, theme
from core.bots.models import Bot
from core.errors import NotFound
from web.guards import visitor_of_bot

pages = Blueprint("chat_appearance", __name__, url_prefix="/chat/<bot_id>")

YEAR_SECONDS = 365 * 86400
MINUTE_SECONDS = 60
AVATAR_POLICY = "default-src 'none'; sandbox"
"""Keeps a browser from running anything in an uploaded image, even if it is opened directly."""


@pages.get("/look.css")
@visitor_of_bot
def stylesheet(bot: Bot) -> Response:
    chosen = appearance.appearance_of(bot)
    response = make_response(theme.css(chosen))
    response.headers["Content-Type"] = "text/css; charset=utf-8"
    return _cached(response, theme.digest(chosen))


@pages.get("/avatar")
@visitor_of_bot
def avatar(bot: Bot) -> Response:
    image = avatars.find(bot.id)
    if image is None:
        raise NotFound("This bot has no avatar.")
    response = make_response(image.content)
    response.headers["Content-Type"] = image.media_type
    response.headers["Content-Security-Policy"] = AVATAR_POLICY
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return _cached(response, image.digest)


def facts(bot: Bot) -> dict[str, Any]:
    """The appearance part of the chat's template data."""
    chosen = appearance.appearance_of(bot)
    return {
        "appearance": chosen,
        "appearance_version": theme.digest(chosen),
        "title": appearance.title_of(bot, chosen),
        "avatar_url": avatar_url(bot, chosen),
        "shows_branding": appearance.shows_branding(chosen, bot.workspace.plan),
    }


def avatar_url(bot: Bot, chosen: appearance.Appearance) -> str:
    """The URL of the uploaded avatar; "" if the bot shows a monogram or nothing."""
    digest = avatars.digest_of(bot.id) if chosen.avatar == "picture" else ""
    return url_for("chat_appearance.avatar", bot_id=bot.id, v=digest) if digest else ""


def _cached(response: Response, version: str) -> Response:
    """Cached for a year at this version's URL, for a minute at any other."""
    is_current = request.args.get("v") == version
    response.cache_control.public = True
    response.cache_control.max_age = YEAR_SECONDS if is_current else MINUTE_SECONDS
    response.cache_control.immutable = is_current
    response.set_etag(version)
    response.make_conditional(request)
    return response
