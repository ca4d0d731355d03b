"""A bot's own page: the same conversation as the endpoint's, readable and writable without a script."""

from flask import (
    Blueprint,
    Response,
    current_app,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from werkzeug.wrappers import Response as AnyResponse

from core import db
from core.bots import answering, conversations, feedback, following, limits, turns, visitors
from core.bots.models import Bot, Conversation
from core.bots.reasons import FAILURE_SENTENCE, STOPPED_SENTENCE
from core.errors import BadToken, Invalid, NotFound, TooLarge, TooMany
from web.bot_api import message_facts
from web.guards import visitor_of_bot

pages = Blueprint("chat", __name__, url_prefix="/chat/<bot_id>")


@pages.get("")
@visitor_of_bot
def show(bot: Bot) -> Response:
    return _page(bot)


@pages.post("/messages")
@visitor_of_bot
def send(bot: Bot) -> AnyResponse:
    """The form without a script: keeps the message, waits for the answer, shows the page again."""
    written = request.form.get("text", "")
    try:
        text = turns.checked_text(written)
        conversation, token = _opened(bot)
        limits.count_message(conversation, request.remote_addr or "")
    except (Invalid, TooLarge) as error:
        return _page(bot, text=written, problem=error.message)
    except TooMany as error:
        return _too_many(bot, error, written)
    return _answered(turns.accept(conversation, text), bot, token)


@pages.post("/messages/<message_id>/retry")
@visitor_of_bot
def retry(bot: Bot, message_id: str) -> AnyResponse:
    conversation, token = _this_conversation(bot)
    try:
        limits.count_message(conversation, request.remote_addr or "")
    except TooMany as error:
        return _too_many(bot, error)
    return _answered(turns.retry(conversation, message_id), bot, token)


@pages.post("/messages/<message_id>/feedback")
@visitor_of_bot
def give_feedback(bot: Bot, message_id: str) -> AnyResponse:
    """A thumb, as the form without a script sends it."""
    conversation, _ = _this_conversation(bot)
    thumb = {"1": 1, "-1": -1, "0": 0}.get(request.form.get("thumb", ""))
    feedback.give(turns.find_answer(conversation, message_id), thumb)
    return redirect(url_for("chat.show", bot_id=bot.id), 303)


@pages.post("/restart")
@visitor_of_bot
def restart(bot: Bot) -> AnyResponse:
    """A new conversation: the page forgets the old one's token."""
    response = redirect(url_for("chat.show", bot_id=bot.id), 303)
    response.delete_cookie(_cookie(bot), path=f"/chat/{bot.id}")
    return response


def _too_many(bot: Bot, error: TooMany, text: str = "") -> Response:
    """The page with what was written, and when it can be sent."""
    wait = _in_words(error.retry_after_seconds)
    page = _page(
        bot, text=text, problem=f"{error.message} There is room again in {wait}.", status=429
    )
    page.headers["Retry-After"] = str(error.retry_after_seconds)
    return page


def _in_words(seconds: int) -> str:
    """Rounded up: whoever comes back then finds room."""
    for size, name in ((3_600, "hour"), (60, "minute")):
        if seconds > size * 1.5:
            return f"{-(-seconds // size)} {name}s"
    return "a minute"


def _page(bot: Bot, text: str = "", problem: str = "", status: int = 422) -> Response:
    conversation, token = _conversation(bot)
    messages = conversations.messages_of(conversation.id) if conversation else []
    page = render_template(
        "chat/show.html",
        bot=bot,
        visitor_token=token,
        conversation_id=conversation.id if conversation else "",
        messages=[message_facts(message) for message in messages],
        api_url=f"/v1/bots/{bot.id}",
        failure_sentence=FAILURE_SENTENCE,
        stopped_sentence=STOPPED_SENTENCE,
        form={"text": {"data": text, "errors": [problem] if problem else []}},
    )
    return make_response(page, status if problem else 200)


def _answered(turn: turns.Turn, bot: Bot, token: str) -> AnyResponse:
    if turn.fresh:
        answering.start(turn)
    events = following.follow(turn.answer)
    db.release()
    for _ in events:
        pass
    response = redirect(url_for("chat.show", bot_id=bot.id), 303)
    response.set_cookie(
        _cookie(bot),
        token,
        max_age=int(visitors.TOKEN_LIFE.total_seconds()),
        path=f"/chat/{bot.id}",
        httponly=True,
        secure=current_app.config["SESSION_COOKIE_SECURE"],
        samesite="Lax",
    )
    return response


def _this_conversation(bot: Bot) -> tuple[Conversation, str]:
    conversation, token = _conversation(bot)
    if conversation is None:
        raise NotFound("This conversation is over. Open the chat again to start a new one.")
    return conversation, token


def _conversation(bot: Bot) -> tuple[Conversation | None, str]:
    """The conversation of this browser's cookie, if there is one and it is not over."""
    token = request.cookies.get(_cookie(bot), "")
    try:
        return visitors.conversation_of(token, bot.id, current_app.config["SECRET_KEY"]), token
    except BadToken:
        return None, ""


def _opened(bot: Bot) -> tuple[Conversation, str]:
    conversation, token = _conversation(bot)
    if conversation:
        return conversation, token
    limits.count_conversation(bot, request.remote_addr or "")
    origin = request.headers.get("Origin", "")
    return visitors.open_conversation(bot, current_app.config["SECRET_KEY"], origin)


def _cookie(bot: Bot) -> str:
    return f"chat_{bot.id}"
