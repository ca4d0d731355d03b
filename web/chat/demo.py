"""The demo page: a sample shop with the embed code, to try a bot as visitors see it."""

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from core.bots.models import Bot
from web.chat import widget
from web.guards import visitor_of_bot

pages = Blueprint("demo", __name__)


@pages.get("/demo/<bot_id>")
@visitor_of_bot
def show(bot: Bot) -> str | AnyResponse:
    """Redirects to the public URL first: a bot always works there, unlike on other origins."""
    if widget.base() != request.host_url.rstrip("/"):
        return redirect(widget.base() + url_for("demo.show", bot_id=bot.id), 303)
    return render_template("demo/show.html", bot=bot, products=PRODUCTS)


PRODUCTS = (
    ("snake", "Snake plant", "Forgets nothing, forgives everything", 24),
    ("monstera", "Monstera", "Wants a corner, takes the room", 38),
    ("cactus", "Old man cactus", "Water on birthdays", 16),
    ("ivy", "String of hearts", "For shelves above eye level", 21),
)
