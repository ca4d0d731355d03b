"""Sample data for `bin/seed`: what a small company's workspace looks like after a month. Not for production."""

import random
import secrets
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from core import clock
from core.accounts import people, workspaces
from core.accounts.actor import OPERATOR
from core.accounts.models import Workspace
from core.bots import bots
from core.bots.bots import Draft
from core.bots.models import ANSWER, COMPLETE, FAILED, VISITOR, Bot, Conversation, Message
from core.bots.quota import quota
from core.db import transaction
from core.usage.models import UsageDay

DAYS = 30
PLAN = "pro"
_QUESTIONS = (
    ("How long does shipping take?", "Two to four days inside the EU, and about a week elsewhere."),
    ("Can I send something back?", "Yes, within **30 days**. Write to us and we send you a label."),
    ("Do you repair old lamps?", "We do:\n\n- cables and plugs\n- switches\n- sockets"),
    ("Where is my invoice?", "It is attached to your order confirmation email as a PDF."),
    ("Which bulb fits the Norre?", "An `E27` bulb up to 60 watts."),
)


def seed_everything(email: str) -> list[str]:
    """Creates the sample data and returns the lines to print for the operator."""
    password = secrets.token_urlsafe(12)
    person = people.sign_up(email, password, "Dana Meyer", by=OPERATOR)
    workspace = workspaces.create_organization(person, "Norre Lamps", OPERATOR)
    workspaces.set_plan(workspace, PLAN, OPERATOR)
    workspace = workspaces.by_slug(workspace.slug)
    sample_bots = [_bot(workspace, name) for name in ("Support", "Lamp finder")]
    with transaction() as current:
        for bot in sample_bots:
            _add_conversations(current, bot)
    return [f"Sign in as {email} with the password {password}", f"Workspace: /w/{workspace.slug}"]


def _bot(workspace: Workspace, name: str) -> Bot:
    starters = tuple(question for question, _ in _QUESTIONS[:3])
    draft = Draft(name=name, welcome="Hello! What can I do for you?", starters=starters)
    return bots.create(workspace, draft, OPERATOR)


def _add_conversations(current: Session, bot: Bot) -> None:
    chance = random.Random(bot.name)  # noqa: S311  (the same sample every time, nothing secret)
    for days_ago in range(DAYS):
        for _ in range(chance.randint(0, 6)):
            _add_conversation(current, bot, days_ago, chance)


def _add_conversation(current: Session, bot: Bot, days_ago: int, chance: random.Random) -> None:
    at = clock.now() - timedelta(days=days_ago, minutes=chance.randint(1, 600))
    conversation = Conversation(
        bot_id=bot.id,
        workspace_id=bot.workspace_id,
        token_digest=secrets.token_hex(32),
        origin="https://norre.example",
        created_at=at,
        expires_at=at,
        last_message_at=at,
    )
    current.add(conversation)
    current.flush()
    for question, answer in chance.sample(_QUESTIONS, chance.randint(1, 3)):
        at += timedelta(seconds=40)
        _add_turn(current, conversation, question, answer, at, failed=chance.random() < 0.04)


def _add_turn(
    current: Session,
    conversation: Conversation,
    question: str,
    answer: str,
    at: datetime,
    failed: bool,
) -> None:
    ids = {
        "conversation_id": conversation.id,
        "bot_id": conversation.bot_id,
        "workspace_id": conversation.workspace_id,
    }
    message = Message(role=VISITOR, text=question, status=COMPLETE, created_at=at, **ids)
    current.add(message)
    current.flush()
    current.add(
        Message(
            role=ANSWER,
            reply_to=message.id,
            text="" if failed else answer,
            status=FAILED if failed else COMPLETE,
            failure="overloaded" if failed else "",
            model_id="mevichat:mini",
            provider="mevichat",
            tokens_in=None if failed else 40 + len(question),
            tokens_out=None if failed else len(answer) // 4,
            first_token_ms=None if failed else 320,
            latency_ms=1_900,
            created_at=at + timedelta(microseconds=1),
            finished_at=at + timedelta(seconds=2),
            quota_period="" if failed else clock.period_of(at),
            **ids,
        )
    )
    _count(current, conversation, at, failed, 40 + len(question), len(answer) // 4)
    if not failed:
        quota.reserve(current, conversation.workspace_id, 5_000)


def _count(
    current: Session, conversation: Conversation, at: datetime, failed: bool, *tokens: int
) -> None:
    """Counts the answer in the usage of its own day rather than today's."""
    key = {
        "workspace_id": conversation.workspace_id,
        "day": at.date(),
        "bot_id": conversation.bot_id,
    }
    key |= {"model_id": "mevichat:mini", "key_id": ""}
    row = current.get(UsageDay, key)
    if row is None:
        row = UsageDay(**key, provider="mevichat", answered=0, failed=0, cached=0)
        row.tokens_in = row.tokens_out = 0
        current.add(row)
    row.failed += failed
    row.answered += not failed
    row.tokens_in += 0 if failed else tokens[0]
    row.tokens_out += 0 if failed else tokens[1]
    current.flush()
