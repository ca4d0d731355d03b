"""The prompt: the bot's instructions, its sources and the earlier turns, cut to fit the model."""

from collections.abc import Iterator

from sqlalchemy import select

from core.bots.models import ANSWER, COMPLETE, Bot, Message
from core.bots.retrieval.grounding import NOTHING, Grounds
from core.db import session
from core.providers import catalogue
from core.providers.formats.request import ChatRequest, Text, Turn

MAX_TURNS = 20
MAX_OUTPUT_TOKENS = 4096  # GPT-5 spends part of these on thinking before its first word
MAX_KNOWLEDGE_CHARACTERS = 12_000
_CHARACTERS_PER_TOKEN = 3

_DEFAULT_INSTRUCTIONS = "You are a helpful assistant on a website. Answer briefly and plainly."


def chat_request(
    bot: Bot, model: catalogue.Model, answer: Message, grounds: Grounds = NOTHING
) -> ChatRequest:
    """The request for one answer: the latest question and as many earlier turns as fit the model."""
    question = session().get_one(Message, answer.reply_to)
    system = "\n\n".join(filter(None, [_instructions(bot), grounds.rules]))
    last = grounds.prompt_for(question.text)
    exchanges = _fitting(_earlier_exchanges(question), _room(model) - len(system) - len(last))
    return ChatRequest(
        system=system,
        turns=(*_turns(exchanges), Turn("user", (Text(last),))),
        max_tokens=_most_output(model),
        output_limit_field=model.output_limit_field,
    )


def room_for_knowledge(bot: Bot, model: catalogue.Model, question: str) -> int:
    """How many characters of knowledge leave the same space for earlier turns."""
    left = _room(model) - len(_instructions(bot)) - len(question)
    return min(MAX_KNOWLEDGE_CHARACTERS, left // 2)


def _instructions(bot: Bot) -> str:
    return bot.instructions or _DEFAULT_INSTRUCTIONS


def _room(model: catalogue.Model) -> int:
    """How many characters the model can take while leaving space for its answer."""
    return (model.context_tokens - _most_output(model)) * _CHARACTERS_PER_TOKEN


def _most_output(model: catalogue.Model) -> int:
    return min(MAX_OUTPUT_TOKENS, model.max_output_tokens, model.context_tokens // 4)


def _earlier_exchanges(question: Message) -> list[tuple[str, str]]:
    """Earlier questions with their answers, oldest first, without failed ones."""
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
    questions = {
        message.id: message.text
        for message in session().scalars(select(Message).where(Message.id.in_(ids)))
    }
    return [(questions[answer.reply_to or ""], answer.text) for answer in reversed(answers)]


def _fitting(exchanges: list[tuple[str, str]], room: int) -> list[tuple[str, str]]:
    """The latest exchanges whose characters fit into `room`."""
    kept: list[tuple[str, str]] = []
    for question, answer in reversed(exchanges):
        room -= len(question) + len(answer)
        if room < 0:
            break
        kept.insert(0, (question, answer))
    return kept


def _turns(exchanges: list[tuple[str, str]]) -> Iterator[Turn]:
    for question, answer in exchanges:
        yield Turn("user", (Text(question),))
        yield Turn("assistant", (Text(answer),))
