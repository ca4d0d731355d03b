"""Try it: the bot's chat frame, with the details of each answer beside it."""

from flask import Blueprint, Response, render_template, request

from core.accounts.models import Workspace
from core.bots.conversations import reading
from core.bots.conversations import search as conversation_search
from core.bots.conversations.search import ConversationFilter
from core.bots.models import Bot, Message
from web.console import request_cache
from web.console.bots import trial_rows
from web.guards import requires
from web.htmx import page_or_piece

pages = Blueprint("trial", __name__, url_prefix="/w/<slug>/bots/<bot_id>/trial")


@pages.get("")
@requires("bots.read")
def show(workspace: Workspace, bot_id: str) -> str:
    bot = request_cache.bot_of(workspace, bot_id)
    rows = trial_rows.newest(bot, _latest(bot))
    return render_template("bots/trial/show.html", bot=bot, before=rows)


@pages.get("/<message_id>")
@requires("bots.read")
def turn(workspace: Workspace, bot_id: str, message_id: str) -> Response:
    """The details of one answer, requested as soon as the frame reports its end."""
    bot = request_cache.bot_of(workspace, bot_id)
    messages = reading.turn(workspace.id, bot.id, message_id)
    (row,) = trial_rows.newest(bot, messages)
    return page_or_piece(
        *("bots/trial/show.html", "bots/trial/_turn.html"),
        bot=bot,
        row=row,
        fresh=True,
    )


def _latest(bot: Bot) -> list[Message]:
    """The latest conversation at this address: here, on the chat page, or on the demo page."""
    here = request.host_url.rstrip("/")
    wanted = ConversationFilter(bot.workspace_id, bot_id=bot.id, origin=here)
    found = conversation_search.step(wanted, size=1).ids
    return reading.messages_of(found[0]) if found else []
