"""A turn: a visitor's message and its answer, two rows committed before any provider is called.

Accepting is idempotent by the client's message id; retrying continues the same turn.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core import clock
from core.bots.answers.failure_messages import Reason
from core.bots.models import (
    ANSWER,
    COMPLETE,
    FAILED,
    NOT_ANSWERED,
    PENDING,
    VISITOR,
    Bot,
    Conversation,
    Message,
)
from core.bots.quota import notices as quota_notices
from core.bots.quota import quota
from core.db import changed_one, session, transaction
from core.errors import Conflict, Invalid, NotFound, TooLarge
from core.ids import new_id
from core.outbox import deliveries
from core.text import fit
from core.usage import counting

MAX_TEXT_LENGTH = 8_000
MAX_CLIENT_ID_LENGTH = 64


@dataclass(frozen=True)
class Turn:
    """`fresh`: whether this call made the answer pending, so that the caller has to start it.

    `delivery_ids`: emails about the quota, which the functions here have already sent.
    """

    answer: Message
    question_id: str
    fresh: bool
    delivery_ids: tuple[str, ...] = ()


def accept(conversation: Conversation, text: Any, client_message_id: Any = None) -> Turn:
    """Stores a message with a pending answer, which holds one message of the quota.

    If no message is left, the answer fails immediately; the text is stored and can be retried.
    Raises `Invalid`, `TooLarge` or `Conflict`; a repeated client id returns the existing turn.
    """
    text = checked_text(text)
    client_id = _checked_client_id(client_message_id)
    try:
        with transaction() as current:
            earlier = _earlier_turn(current, conversation, client_id, text)
            turn = earlier or _new_turn(current, conversation, text, client_id)
    except IntegrityError:
        return _existing_turn(conversation, client_id, text)
    deliveries.send_soon(*turn.delivery_ids)
    return turn


def retry(conversation: Conversation, message_id: str) -> Turn:
    """Makes a failed or interrupted answer pending again; leaves any other answer unchanged."""
    answer = find_answer(conversation, message_id)
    with transaction() as current:
        fresh = _reopened(current, conversation, answer)
        delivery_ids = quota_notices.notify(current, conversation.bot.workspace) if fresh else []
    deliveries.send_soon(*delivery_ids)
    session().refresh(answer)
    return Turn(answer, answer.reply_to or "", fresh)


def find_answer(conversation: Conversation, message_id: str) -> Message:
    """The conversation's answer with that id; raises `NotFound`."""
    found = session().get(Message, message_id)
    if found is None or found.conversation_id != conversation.id or found.role != ANSWER:
        raise NotFound("This conversation has no such answer.")
    return found


def checked_text(text: Any) -> str:
    said = fit(text).strip() if isinstance(text, str) else ""
    if not said:
        raise Invalid("Send the visitor’s message in “text” as a non-empty string.")
    if len(text) > MAX_TEXT_LENGTH:
        raise TooLarge(
            f"A message can have up to {MAX_TEXT_LENGTH:,} characters; this one has {len(text):,}."
        )
    return said


def _checked_client_id(client_id: Any) -> str | None:
    if client_id is None:
        return None
    fits = isinstance(client_id, str) and client_id == fit(client_id)
    if not fits or not 1 <= len(client_id) <= MAX_CLIENT_ID_LENGTH:
        raise Invalid(
            f"“client_message_id” must be a string of 1 to {MAX_CLIENT_ID_LENGTH} characters."
        )
    return str(client_id)


def _new_turn(
    current: Session, conversation: Conversation, text: str, client_id: str | None
) -> Turn:
    now = clock.now()
    question = _message(conversation, VISITOR, text=text, client_message_id=client_id)
    question.status, question.created_at = COMPLETE, now
    answer = _message(
        conversation, ANSWER, reply_to=question.id, model_id=conversation.bot.model_id
    )
    answer.created_at = now + timedelta(microseconds=1)
    _reserve(current, conversation.bot, answer)
    delivery_ids = quota_notices.notify(current, conversation.bot.workspace)
    current.add_all([question, answer])
    current.execute(
        update(Conversation).where(Conversation.id == conversation.id).values(last_message_at=now)
    )
    return Turn(answer, question.id, answer.status == PENDING, tuple(delivery_ids))


def _message(conversation: Conversation, role: str, **values: Any) -> Message:
    return Message(
        id=new_id("msg"),
        conversation_id=conversation.id,
        bot_id=conversation.bot_id,
        workspace_id=conversation.workspace_id,
        role=role,
        **values,
    )


def _reserve(current: Session, bot: Bot, answer: Message) -> None:
    """Pending with one message of the quota held, or failed because none is left."""
    limit = bot.workspace.plan.messages_per_month
    answer.quota_period = quota.reserve(current, bot.workspace_id, limit)
    answer.status = PENDING if answer.quota_period else FAILED
    answer.failure = "" if answer.quota_period else Reason.out_of_messages
    answer.alive_at = clock.now()
    if not answer.quota_period:
        _count_refused(current, bot)


def _count_refused(current: Session, bot: Bot) -> None:
    """Counts a failure without a provider call: no message was left."""
    counting.count(current, bot.workspace_id, bot.id, "", bot.model_id, None, failed=1)


def _earlier_turn(
    current: Session, conversation: Conversation, client_id: str | None, text: str
) -> Turn | None:
    if client_id is None:
        return None
    question = current.scalar(
        select(Message).where(
            Message.conversation_id == conversation.id, Message.client_message_id == client_id
        )
    )
    if question is None:
        return None
    if question.text != text:
        raise Conflict(
            "This client_message_id was already used for a different text. Use a new one for each message."
        )
    answer = current.scalar(select(Message).where(Message.reply_to == question.id))
    assert answer is not None  # noqa: S101  (a question has one from the same transaction on)
    return Turn(answer, question.id, fresh=False)


def _existing_turn(conversation: Conversation, client_id: str | None, text: str) -> Turn:
    """Two requests with the same client id met, and the other one was first."""
    turn = _earlier_turn(session(), conversation, client_id, text)
    if turn is None:
        raise Conflict("This message couldn’t be saved. Send it again.")
    return turn


def _reopened(current: Session, conversation: Conversation, answer: Message) -> bool:
    """Whether this call, of all concurrent retries, got the answer and a message for it."""
    reopened = changed_one(
        current,
        update(Message)
        .where(Message.id == answer.id, Message.status.in_(NOT_ANSWERED))
        .values(_fresh_values(conversation.bot)),
    )
    if not reopened:
        return False
    held = select(Message.quota_period).where(Message.id == answer.id)
    if current.scalar(held):
        return True  # A stopped answer already holds a message, which the retry reuses.
    limit = conversation.bot.workspace.plan.messages_per_month
    period = quota.reserve(current, conversation.workspace_id, limit)
    outcome = (
        {"quota_period": period}
        if period
        else {"status": FAILED, "failure": Reason.out_of_messages}
    )
    current.execute(update(Message).where(Message.id == answer.id).values(**outcome))
    if not period:
        _count_refused(current, conversation.bot)
    return bool(period)


def _fresh_values(bot: Bot) -> dict[Any, Any]:
    cleared = dict.fromkeys(
        (
            "tokens_in",
            "tokens_out",
            "first_token_ms",
            "latency_ms",
            "finished_at",
            "key_id",
            "key_version",
        )
    )
    return cleared | {
        "status": PENDING,
        "attempt": Message.attempt + 1,
        "alive_at": clock.now(),
        "text": "",
        "failure": "",
        "provider_words": "",
        "provider": "",
        "sources": [],
        "cached": False,
        "feedback": None,
        "model_id": bot.model_id,
    }
