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
    ("Where is my invoice?", "It is in the mail that confirmed your order, as a PDF."),
    ("Which bulb fits the Norre?", "An `E27` bulb up to 60 watts."),
)


def seed_everything(email: str) -> list[str]:
    """Makes the sample and returns what to tell the operator."""
    password = secrets.token_urlsafe(12)
    person = people.sign_up(email, password, "Dana Meyer", by=OPERATOR)
    workspace = workspaces.create_organization(person, "Norre Lamps", OPERATOR)
    workspaces.set_plan(workspace, PLAN, OPERATOR)
    workspace = workspaces.by_slug(workspace.slug)
    made = [_bot(workspace, name) for name in ("Support", "Lamp finder")]
    with transaction() as current:
        for bot in made:
            _talks(current, bot)
    return [f"Sign in as {email} with the password {password}", f"Workspace: /w/{workspace.slug}"]


def _bot(workspace: Workspace, name: str) -> Bot:
    starters = tuple(question for question, _ in _QUESTIONS[:3])
    draft = Draft(name=name, welcome="Hello! What can I do for you?", starters=starters)
    return bots.create(workspace, draft, OPERATOR)


def _talks(current: Session, bot: Bot) -> None:
    chance = random.Random(bot.name)  # noqa: S311  (the same sample every time, nothing secret)
    for days_ago in range(DAYS):
        for _ in range(chance.randint(0, 6)):
            _talk(current, bot, days_ago, chance)


def _talk(current: Session, bot: Bot, days_ago: int, chance: random.Random) -> None:
    at = clock.now() - timedelta(days=days_ago, minutes=chance.randint(1, 600))
    talk = Conversation(
        bot_id=bot.id,
        workspace_id=bot.workspace_id,
        token_digest=secrets.token_hex(32),
        origin="https://norre.example",
        created_at=at,
        expires_at=at,
        last_message_at=at,
    )
    current.add(talk)
    current.flush()
    for question, answer in chance.sample(_QUESTIONS, chance.randint(1, 3)):
        at += timedelta(seconds=40)
        _turn(current, talk, question, answer, at, failed=chance.random() < 0.04)


def _turn(
    current: Session, talk: Conversation, question: str, answer: str, at: datetime, failed: bool
) -> None:
    places = {"conversation_id": talk.id, "bot_id": talk.bot_id, "workspace_id": talk.workspace_id}
    asked = Message(role=VISITOR, text=question, status=COMPLETE, created_at=at, **places)
    current.add(asked)
    current.flush()
    current.add(
        Message(
            role=ANSWER,
            reply_to=asked.id,
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
            **places,
        )
    )
    _count(current, talk, at, failed, 40 + len(question), len(answer) // 4)
    if not failed:
        quota.reserve(current, talk.workspace_id, 5_000)


def _count(current: Session, talk: Conversation, at: datetime, failed: bool, *tokens: int) -> None:
    """In the use of its own day, not of the one on which the sample is made."""
    place = {"workspace_id": talk.workspace_id, "day": at.date(), "bot_id": talk.bot_id}
    place |= {"model_id": "mevichat:mini", "key_id": ""}
    row = current.get(UsageDay, place)
    if row is None:
        row = UsageDay(**place, provider="mevichat", answered=0, failed=0, cached=0)
        row.tokens_in = row.tokens_out = 0
        current.add(row)
    row.failed += failed
    row.answered += not failed
    row.tokens_in += 0 if failed else tokens[0]
    row.tokens_out += 0 if failed else tokens[1]
    current.flush()
