"""A bot with a conversation, below the web; and answers that are written without asking a provider."""

import pytest
from flask import Flask

from core.accounts.models import Workspace
from core.bots import visitors
from core.bots.answers import outcomes, turns
from core.bots.answers.live_answer import LiveAnswer
from core.bots.answers.outcomes import Outcome
from core.bots.answers.turns import Turn
from core.bots.models import Bot, Conversation, Message
from core.db import session
from tests.bot_client import make_bot
from tests.people import make_person, make_workspace


@pytest.fixture
def workspace(app: Flask) -> Workspace:
    return make_workspace(make_person("ann"), "Acme", "pro")


@pytest.fixture
def bot(workspace: Workspace) -> Bot:
    return make_bot(workspace)


@pytest.fixture
def conversation(bot: Bot) -> Conversation:
    return visitors.open_conversation(bot, "a secret of the tests")[0]


def live_of(turn: Turn, text: str = "") -> LiveAnswer:
    live = LiveAnswer(turn.answer.id, turn.question_id, turn.answer.attempt)
    live.add(text)
    return live


def finish(turn: Turn, text: str = "An answer.") -> None:
    """As the provider's stream would end it."""
    outcome = Outcome(provider="mevichat", tokens_in=3, tokens_out=2, latency_ms=9)
    outcome.finish(text)
    outcomes.end(live_of(turn, text), outcome)


def fail(turn: Turn, text: str = "") -> None:
    outcomes.end(live_of(turn, text), Outcome.failed("overloaded", "mevichat"))


def say(conversation: Conversation, text: str = "Hello", answer: str = "An answer.") -> Message:
    """A turn that went well; the answer's row."""
    turn = turns.accept(conversation, text)
    finish(turn, answer)
    return row_of(turn)


def row_of(turn: Turn) -> Message:
    """The answer as the database has it now."""
    session().commit()
    session().expire_all()
    return session().get_one(Message, turn.answer.id)
