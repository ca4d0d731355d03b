"""The bot endpoint: the API that widgets and other clients call with a visitor token."""

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
    conversation, token = visitors.open_conversation(bot, secret_key, _site_of(bot))
    body = {
        "conversation_id": conversation.id,
        "visitor_token": token,
        "expires_at": conversation.expires_at.isoformat(),
    }
    return jsonify(body), 201


@api.post("/messages")
@visitor_in_conversation
def post_message(conversation: Conversation) -> Any:
    """Stores the message and answers it. A repeated client id returns the answer to the first message."""
    body = _body()
    client_id = body.get("client_message_id")
    rate_limits.count_message(conversation, request.remote_addr or "", client_id)
    return _answer(turns.accept(conversation, body.get("text"), client_id))


@api.get("/messages")
@visitor_in_conversation
def list_messages(conversation: Conversation) -> Response:
    """The conversation so far, oldest first."""
    messages = reading.messages_of(conversation.id)
    rows = [message_facts(message) for message in messages]
    return jsonify(conversation_id=conversation.id, messages=rows)


@api.get("/messages/<message_id>/events")
@visitor_in_conversation
def message_events(conversation: Conversation, message_id: str) -> Response:
    """Replays the answer's events after `Last-Event-ID`, then streams live."""
    answer = turns.find_answer(conversation, message_id)
    return sse.stream(replay.follow(answer, request.headers.get("Last-Event-ID", "")))


@api.post("/messages/<message_id>/retry")
@visitor_in_conversation
def retry_message(conversation: Conversation, message_id: str) -> Any:
    """Retries a message that wasn't answered."""
    rate_limits.count_message(conversation, request.remote_addr or "")
    return _answer(turns.retry(conversation, message_id))


@api.post("/messages/<message_id>/stop")
@visitor_in_conversation
def stop_message(conversation: Conversation, message_id: str) -> Response:
    """Stops an answer and keeps the partial text. A finished answer is left unchanged."""
    return jsonify(_answer_body(stopping.stop(conversation, message_id)))


@api.post("/messages/<message_id>/feedback")
@visitor_in_conversation
def give_feedback(conversation: Conversation, message_id: str) -> Response:
    """The visitor's thumb on a complete answer: 1, -1, or 0 to take it back."""
    answer = turns.find_answer(conversation, message_id)
    feedback.set_thumb(answer, _body().get("thumb"))
    return jsonify(message_id=answer.id, thumb=answer.feedback or 0)


@api.after_request
def _let_allowed_origins_read(response: Response) -> Response:
    """CORS headers for the bot's allowed sites only."""
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


def _site_of(bot: Bot) -> str:
    """The site the chat is on. Our frame sends the embedding site in a header, which isn't proof."""
    embedding_site = request.headers.get("X-Mevichat-Page", "")
    if embedding_site in bot.allowed_origins:
        return embedding_site
    return request.headers.get("Origin", "")


def _body() -> dict[str, Any]:
    """The JSON object in the request body; raises `Invalid` or 400 if there is none."""
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
    """The answer as one JSON object: 200, or 503 with the message for visitors."""
    answer = db.session().get(Message, message_id)
    if answer is None:
        raise NotFound("This bot was deleted while it was answering.")
    body = _answer_body(answer)
    if outcomes.is_done(answer.status, answer.failure):
        return jsonify(body), 200
    code, message = for_visitor(answer.failure)
    return jsonify(body | {"error": {"code": code, "message": message}}), 503


def _answer_body(answer: Message) -> dict[str, Any]:
    return {
        "message_id": answer.id,
        "status": answer.status,
        "text": answer.text,
        "sources": shown(answer.sources),
        "usage": answer.usage(),
    }
