"""What the model is told: the bot's instructions and the turns before, cut to what fits it."""

from sqlalchemy import select

from core.bots.models import ANSWER, COMPLETE, Bot, Message
from core.db import session
from core.providers import endpoints
from core.providers.wire import ChatRequest, Turn

MOST_TURNS = 20
MOST_OUTPUT_TOKENS = 4096  # GPT-5 spends part of these on thinking before its first word
_CHARACTERS_PER_TOKEN = 3

_DEFAULT_INSTRUCTIONS = "You are a helpful assistant on a website. Answer briefly and plainly."


def chat_request(bot: Bot, answer: Message) -> ChatRequest:
    """The request for one answer: the latest question, after as much of the talk as fits the model."""
    model = bot.model
    question = session().get_one(Message, answer.reply_to)
    most_output = min(MOST_OUTPUT_TOKENS, model.max_output_tokens, model.context_tokens // 4)
    system = bot.instructions or _DEFAULT_INSTRUCTIONS
    room = (model.context_tokens - most_output) * _CHARACTERS_PER_TOKEN
    turns = _fitting(_earlier_turns(question), room - len(system) - len(question.text))
    return ChatRequest(
        model=endpoints.upstream_model(model),
        system=system,
        turns=(*turns, Turn("user", question.text)),
        max_output_tokens=most_output,
        output_limit_field=model.output_limit_field,
    )


def _earlier_turns(question: Message) -> list[tuple[Turn, Turn]]:
    """Answered turns before this question, oldest first. Failed ones are not part of the talk."""
    answers = (
        session()
        .scalars(
            select(Message)
            .where(
                Message.conversation_id == question.conversation_id,
                Message.role == ANSWER,
                Message.status == COMPLETE,
                Message.created_at < question.created_at,
            )
            .order_by(Message.created_at.desc())
            .limit(MOST_TURNS)
        )
        .all()
    )
    if not answers:
        return []
    ids = [answer.reply_to for answer in answers]
    asked = {
        message.id: message
        for message in session().scalars(select(Message).where(Message.id.in_(ids)))
    }
    return [
        (Turn("user", asked[answer.reply_to or ""].text), Turn("assistant", answer.text))
        for answer in reversed(answers)
    ]


def _fitting(pairs: list[tuple[Turn, Turn]], room: int) -> list[Turn]:
    """The latest pairs whose characters fit into `room`."""
    kept: list[Turn] = []
    for question, answer in reversed(pairs):
        room -= len(question.text) + len(answer.text)
        if room < 0:
            break
        kept[:0] = [question, answer]
    return kept
