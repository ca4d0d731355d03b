"""What the model is told: the bot's instructions, what it may answer from, and the turns before, cut to
what fits it.
"""

from sqlalchemy import select

from core.bots.models import ANSWER, COMPLETE, Bot, Message
from core.bots.retrieval.grounding import NOTHING, Grounds
from core.db import session
from core.providers import catalogue, endpoints
from core.providers.wire import ChatRequest, Turn

MAX_TURNS = 20
MAX_OUTPUT_TOKENS = 4096  # GPT-5 spends part of these on thinking before its first word
MAX_KNOWLEDGE_CHARACTERS = 12_000
_CHARACTERS_PER_TOKEN = 3

_DEFAULT_INSTRUCTIONS = "You are a helpful assistant on a website. Answer briefly and plainly."


def chat_request(
    bot: Bot, model: catalogue.Model, answer: Message, grounds: Grounds = NOTHING
) -> ChatRequest:
    """The request for one answer: the latest question, after as much of the talk as fits the model."""
    question = session().get_one(Message, answer.reply_to)
    system = "\n\n".join(filter(None, [_instructions(bot), grounds.rules]))
    asked = grounds.asked(question.text)
    turns = _fitting(_earlier_turns(question), _room(model) - len(system) - len(asked))
    return ChatRequest(
        model=endpoints.upstream_model(model),
        system=system,
        turns=(*turns, Turn("user", asked)),
        max_output_tokens=_most_output(model),
        output_limit_field=model.output_limit_field,
    )


def room_for_knowledge(bot: Bot, model: catalogue.Model, question: str) -> int:
    """How many characters of knowledge leave as much room again for the talk before."""
    left = _room(model) - len(_instructions(bot)) - len(question)
    return min(MAX_KNOWLEDGE_CHARACTERS, left // 2)


def _instructions(bot: Bot) -> str:
    return bot.instructions or _DEFAULT_INSTRUCTIONS


def _room(model: catalogue.Model) -> int:
    """Characters that a model can be sent, so that its answer has room as well."""
    return (model.context_tokens - _most_output(model)) * _CHARACTERS_PER_TOKEN


def _most_output(model: catalogue.Model) -> int:
    return min(MAX_OUTPUT_TOKENS, model.max_output_tokens, model.context_tokens // 4)


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
            .limit(MAX_TURNS)
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
