"""The bot endpoint: what widgets and programs call with a visitor's token (spec §5)."""

from typing import Any

from flask import Blueprint, Response, current_app, jsonify, request
from werkzeug.exceptions import BadRequest

from core import db
from core.bots import visitors
from core.bots.answers import answer_task, feedback, outcomes, replay, stopping, turns
from core.bots.answers.failure_messages import Reason, for_visitor
from core.bots.conversations import reading
from core.bots.models import Bot, Conversation, Message
from core.bots.quota import rate_limits
from core.bots.retrieval.citations import shown
from core.errors import Invalid, NotFound
from web.api import sse
from web.guards import visitor_in_conversation, visitor_of_bot

api = Blueprint("bot_api", __name__, url_prefix="/v1/bots/<bot_id>")


@api.post("/conversations")
@visitor_of_bot
def open_conversation(bot: Bot) -> tuple[Response, int]:
    """201 with the conversation's id and the visitor's token for it."""
    rate_limits.count_conversation(bot, request.remote_addr or "")
    secret_key = current_app.config["SECRET_KEY"]
    conversation, token = visitors.open_conversation(bot, secret_key, _page_of(bot))
    body = {
        "conversation_id": conversation.id,
        "visitor_token": token,
        "expires_at": conversation.expires_at.isoformat(),
    }
    return jsonify(body), 201


@api.post("/messages")
@visitor_in_conversation
def post_message(conversation: Conversation) -> Any:
    """Keeps the message and answers it; a repeated client id gives the first one's answer."""
    body = _body()
    client_id = body.get("client_message_id")
    rate_limits.count_message(conversation, request.remote_addr or "", client_id)
    return _answer(turns.accept(conversation, body.get("text"), client_id))


@api.get("/messages")
@visitor_in_conversation
def list_messages(conversation: Conversation) -> Response:
    """The conversation so far, oldest first."""
    messages = reading.messages_of(conversation.id)
    told = [message_facts(message) for message in messages]
    return jsonify(conversation_id=conversation.id, messages=told)


@api.get("/messages/<message_id>/events")
@visitor_in_conversation
def message_events(conversation: Conversation, message_id: str) -> Response:
    """The answer's events again from `Last-Event-ID` on, then live."""
    found = turns.find_answer(conversation, message_id)
    return sse.stream(replay.follow(found, request.headers.get("Last-Event-ID", "")))


@api.post("/messages/<message_id>/retry")
@visitor_in_conversation
def retry_message(conversation: Conversation, message_id: str) -> Any:
    """Answers the same message again, if it was not answered."""
    rate_limits.count_message(conversation, request.remote_addr or "")
    return _answer(turns.retry(conversation, message_id))


@api.post("/messages/<message_id>/stop")
@visitor_in_conversation
def stop_message(conversation: Conversation, message_id: str) -> Response:
    """Ends an answer that is being written; what had come is kept. An ended one stays as it is."""
    return jsonify(_whole(stopping.stop(conversation, message_id)))


@api.post("/messages/<message_id>/feedback")
@visitor_in_conversation
def give_feedback(conversation: Conversation, message_id: str) -> Response:
    """The visitor's thumb on a complete answer: 1, -1, or 0 to take it back."""
    answer = turns.find_answer(conversation, message_id)
    feedback.set_thumb(answer, _body().get("thumb"))
    return jsonify(message_id=answer.id, thumb=answer.feedback or 0)


@api.after_request
def _let_allowed_origins_read(response: Response) -> Response:
    """CORS for the origins on the bot's list; everything else stays closed."""
    origin, bot_id = request.headers.get("Origin"), (request.view_args or {}).get("bot_id", "")
    if origin and response.status_code < 500 and visitors.is_allowed(bot_id, origin):
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Allow-Headers"] = (
            "Authorization, Content-Type, Accept, Last-Event-ID"
        )
        response.headers["Access-Control-Expose-Headers"] = "Retry-After"
        response.headers.add("Vary", "Origin")
    return response


def message_facts(message: Message) -> dict[str, Any]:
    """A message as the visitor may see it."""
    return {
        "id": message.id,
        "role": message.role,
        "text": message.text,
        "status": message.status,
        "failure": for_visitor(message.failure)[0] if message.failure else "",
        "stopped": message.failure == Reason.stopped,
        "sources": shown(message.sources),
        "thumb": message.feedback or 0,
        "reply_to": message.reply_to,
        "created_at": message.created_at.isoformat(),
    }


def _page_of(bot: Bot) -> str:
    """The site where it is opened. Our own frame says which site it stands on; told, not proven."""
    told = request.headers.get("X-Mevichat-Page", "")
    return told if told in bot.allowed_origins else request.headers.get("Origin", "")


def _body() -> dict[str, Any]:
    """The JSON object that was sent; raises `Invalid` or 400 with what is wrong about it."""
    if not request.get_data(cache=True):
        raise Invalid("Send a JSON object with “text”.")
    try:
        body = request.get_json(force=True)
    except RecursionError:
        raise BadRequest() from None
    if not isinstance(body, dict):
        raise BadRequest()
    return body


def _answer(turn: turns.Turn) -> Any:
    if turn.fresh:
        answer_task.start(turn)
    events = replay.follow(turn.answer)
    if _wants_json():
        db.release()
        for _ in events:
            pass
        return _finished(turn.answer.id)
    return sse.stream(events)


def _wants_json() -> bool:
    """Server-sent events unless the caller prefers JSON."""
    accepted = request.accept_mimetypes
    return accepted["application/json"] > accepted["text/event-stream"]


def _finished(message_id: str) -> tuple[Response, int]:
    """The answer as one JSON object: 200, or 503 with the visitor's sentence."""
    answer = db.session().get(Message, message_id)
    if answer is None:
        raise NotFound("This bot was deleted while it answered.")
    body = _whole(answer)
    if outcomes.is_done(answer.status, answer.failure):
        return jsonify(body), 200
    code, sentence = for_visitor(answer.failure)
    return jsonify(body | {"error": {"code": code, "message": sentence}}), 503


def _whole(answer: Message) -> dict[str, Any]:
    return {
        "message_id": answer.id,
        "status": answer.status,
        "text": answer.text,
        "sources": shown(answer.sources),
        "usage": answer.usage(),
    }
