"""Conversations: the list with its search, and the transcript with what each answer took."""

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, render_template, request, url_for
from markupsafe import Markup

from core.accounts.models import Workspace
from core.bots import bots, conversations, reasons
from core.bots.models import VISITOR, Message
from web.guards import member
from web.text import safe_html

pages = Blueprint("conversations", __name__, url_prefix="/w/<slug>/conversations")

_WORDS = {
    "pending": "Answering",
    "complete": "Answered",
    "interrupted": "Broken off",
    "failed": "Failed",
}


@dataclass(frozen=True)
class AnswerView:
    """An answer as its owner may see it, real reason included."""

    id: str
    text: str
    html: Markup
    status: str
    status_word: str
    model_name: str
    provider_name: str
    tokens_in: int | None
    tokens_out: int | None
    latency_ms: int | None
    first_token_ms: int | None
    sentence: str
    provider_words: str
    attempts: int
    at: Any


@pages.get("")
@member("conversations.read")
def index(workspace: Workspace) -> str:
    bot_id, text = request.args.get("bot", ""), request.args.get("q", "").strip()[:200]
    page = _page_number()
    rows, more = conversations.recent(workspace.id, bot_id, text, page)
    return render_template(
        "conversations/index.html",
        rows=rows,
        bots=bots.bots_of(workspace.id),
        bot_id=bot_id,
        q=text,
        older_url=_page_url(workspace, page + 1) if more else "",
        newer_url=_page_url(workspace, page - 1) if page > 1 else "",
    )


@pages.get("/<conversation_id>")
@member("conversations.read")
def show(workspace: Workspace, conversation_id: str) -> str:
    conversation = conversations.get(workspace.id, conversation_id)
    return render_template(
        "conversations/show.html",
        conversation=conversations.summaries([conversation])[0],
        turns=_turns(conversations.messages_of(conversation.id)),
    )


def _turns(messages: list[Message]) -> list[dict[str, Any]]:
    answers = {message.reply_to: message for message in messages if message.reply_to}
    return [
        {
            "question": {"text": message.text, "at": message.created_at},
            "answer": _answer_view(answers[message.id]) if message.id in answers else None,
        }
        for message in messages
        if message.role == VISITOR
    ]


def _answer_view(answer: Message) -> AnswerView:
    model_name, provider_name = reasons.names(answer.model_id, answer.provider)
    return AnswerView(
        id=answer.id,
        text=answer.text,
        html=safe_html(answer.text),
        status=answer.status,
        status_word=_WORDS[answer.status],
        model_name=model_name,
        provider_name=provider_name,
        tokens_in=answer.tokens_in,
        tokens_out=answer.tokens_out,
        latency_ms=answer.latency_ms,
        first_token_ms=answer.first_token_ms,
        sentence=reasons.for_owner(answer.failure, answer.model_id, answer.provider),
        provider_words=answer.provider_words,
        attempts=answer.attempt,
        at=answer.finished_at,
    )


def _page_number() -> int:
    text = request.args.get("page", "1")
    return (
        max(1, min(int(text), 10_000)) if text.isascii() and text.isdigit() and len(text) < 6 else 1
    )


def _page_url(workspace: Workspace, page: int) -> str:
    kept = {name: value for name, value in request.args.items() if name in ("bot", "q") and value}
    return url_for("conversations.index", slug=workspace.slug, page=page, **kept)
