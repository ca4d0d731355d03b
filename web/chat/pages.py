"""The hosted chat page: the endpoint's conversations, usable without JavaScript."""

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
from flask_wtf.csrf import CSRFError
from werkzeug.wrappers import Response as AnyResponse

from core import db
from core.bots import visitors
from core.bots.answers import answer_task, feedback, replay, turns
from core.bots.conversations import reading
from core.bots.models import Bot, Conversation
from core.bots.quota import rate_limits
from core.errors import (
    BadToken,
    BotOff,
    Invalid,
    MevichatError,
    NotFound,
    OriginNotAllowed,
    TooLarge,
    TooMany,
)
from web.api.bots import message_facts
from web.chat import page_data
from web.errors import answer, status_of
from web.guards import visitor_of_bot
from web.htmx import wants_piece

pages = Blueprint("chat", __name__, url_prefix="/chat/<bot_id>")


@pages.get("")
@visitor_of_bot
def show(bot: Bot) -> Response:
    return page(bot)


@pages.post("/messages")
@visitor_of_bot
def send(bot: Bot) -> AnyResponse:
    """Handles the form without JavaScript: stores the message, waits for the answer, reloads the page."""
    draft = request.form.get("text", "")
    try:
        text = turns.checked_text(draft)
        conversation, token = _opened(bot)
        rate_limits.count_message(conversation, request.remote_addr or "")
    except (Invalid, TooLarge) as error:
        return page(bot, text=draft, problem=page_data.refusal(bot, error))
    except TooMany as error:
        return _too_many(bot, error, draft)
    return _answered(turns.accept(conversation, text), bot, token)


@pages.post("/messages/<message_id>/retry")
@visitor_of_bot
def retry(bot: Bot, message_id: str) -> AnyResponse:
    conversation, token = _this_conversation(bot)
    try:
        rate_limits.count_message(conversation, request.remote_addr or "")
    except TooMany as error:
        return _too_many(bot, error)
    return _answered(turns.retry(conversation, message_id), bot, token)


@pages.post("/messages/<message_id>/feedback")
@visitor_of_bot
def give_feedback(bot: Bot, message_id: str) -> AnyResponse:
    """Stores a thumb sent by the form without JavaScript."""
    conversation, _ = _this_conversation(bot)
    thumb = {"1": 1, "-1": -1, "0": 0}.get(request.form.get("thumb", ""))
    feedback.set_thumb(turns.find_answer(conversation, message_id), thumb)
    return _back_to(bot)


@pages.post("/restart")
@visitor_of_bot
def restart(bot: Bot) -> AnyResponse:
    """Starts a new conversation by dropping the old one's token."""
    response = _back_to(bot)
    response.delete_cookie(_cookie(bot), path=f"/chat/{bot.id}")
    return response


def _too_many(bot: Bot, error: TooMany, text: str = "") -> Response:
    """429 with the page, the unsent text and when to try again."""
    response = page(bot, text=text, problem=page_data.refusal(bot, error), status=429)
    response.headers["Retry-After"] = str(error.retry_after_seconds)
    return response


@pages.errorhandler(NotFound)
@pages.errorhandler(BadToken)
@pages.errorhandler(BotOff)
@pages.errorhandler(OriginNotAllowed)
def _refused(error: MevichatError) -> AnyResponse:
    return _away(status_of(error), "bad_token" if error.code == "not_found" else error.code)


@pages.errorhandler(CSRFError)
def _expired(_error: CSRFError) -> AnyResponse:
    return _away(400, "page_old")


def _away(status: int, code: str) -> AnyResponse:
    bot = visitors.find_bot((request.view_args or {}).get("bot_id", ""))
    if wants_piece():
        return answer(status, code, page_data.why_away(bot, code))
    return make_response(page_data.away(bot, code), status)


def page(
    bot: Bot, text: str = "", problem: str = "", status: int = 422, framed: bool = False
) -> Response:
    """The chat page, with the conversation from the cookie. Framed, it uses the site's token instead."""
    conversation, token = (None, "") if framed else _conversation(bot)
    messages = reading.messages_of(conversation.id) if conversation else []
    html = render_template(
        "chat/show.html",
        **page_data.facts(bot),
        framed=framed,
        visitor_token=token,
        conversation_id=conversation.id if conversation else "",
        messages=[message_facts(message) for message in messages],
        api_url=f"/v1/bots/{bot.id}",
        form={"text": {"data": text, "errors": [problem] if problem else []}},
    )
    return make_response(html, status if problem else 200)


def _answered(turn: turns.Turn, bot: Bot, token: str) -> AnyResponse:
    if turn.fresh:
        answer_task.start(turn)
    events = replay.follow(turn.answer)
    db.release()
    for _ in events:
        pass
    response = _back_to(bot)
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


def _back_to(bot: Bot) -> AnyResponse:
    """Redirects to the chat page, in the language of this request."""
    return redirect(url_for("chat.show", bot_id=bot.id, lang=request.args.get("lang")), 303)


def _this_conversation(bot: Bot) -> tuple[Conversation, str]:
    conversation, token = _conversation(bot)
    if conversation is None:
        raise NotFound("This conversation has ended. Open the chat again to start a new one.")
    return conversation, token


def _conversation(bot: Bot) -> tuple[Conversation | None, str]:
    """The conversation in this browser's cookie, if it hasn't ended."""
    token = request.cookies.get(_cookie(bot), "")
    try:
        return visitors.conversation_of(token, bot.id, current_app.config["SECRET_KEY"]), token
    except BadToken:
        return None, ""


def _opened(bot: Bot) -> tuple[Conversation, str]:
    conversation, token = _conversation(bot)
    if conversation:
        return conversation, token
    rate_limits.count_conversation(bot, request.remote_addr or "")
    origin = request.headers.get("Origin", "")
    return visitors.open_conversation(bot, current_app.config["SECRET_KEY"], origin)


def _cookie(bot: Bot) -> str:
    return f"chat_{bot.id}"
