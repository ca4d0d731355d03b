"""The cache of first answers: the same first question to an unchanged bot is answered immediately.

Entries belong to a version of the bot, which every change of the bot or of its knowledge raises. So
earlier answers are never found again, and `prune` removes them.
"""

import hashlib
import unicodedata
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from core import clock
from core.bots.models import ANSWER, COMPLETE, Bot, CachedAnswer, Message
from core.db import insert_new, session, transaction

TTL = timedelta(days=30)
_TRAILING = "?!.,;:。、 "  # not every sign: C++ is not C


@dataclass(frozen=True)
class FirstQuestion:
    """The key of a cached answer."""

    bot_id: str
    bot_version: int
    digest: str


def first_question(bot: Bot, answer: Message) -> FirstQuestion | None:
    """The key for this question; None if the bot doesn't cache, or this isn't the first question."""
    if not bot.caches or _has_talked(answer):
        return None
    text = session().scalar(select(Message.text).where(Message.id == answer.reply_to)) or ""
    return FirstQuestion(bot.id, bot.version, digest_of(text))


def digest_of(text: str) -> str:
    """Equal for texts that differ only in case, white space or final punctuation."""
    words = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    return hashlib.sha256((words.rstrip(_TRAILING) or words).encode()).hexdigest()


def find(question: FirstQuestion) -> CachedAnswer | None:
    return session().get(CachedAnswer, (question.bot_id, question.bot_version, question.digest))


def keep(
    current: Session, question: FirstQuestion, text: str, sources: list[dict[str, Any]]
) -> None:
    """Stores an answer; the first one stored for a question stays."""
    insert_new(
        current, CachedAnswer, **_key(question),
        text=text, sources=sources, created_at=clock.now(), hits=0,
    )  # fmt: skip


def count_hit(current: Session, question: FirstQuestion) -> None:
    current.execute(
        update(CachedAnswer).filter_by(**_key(question)).values(hits=CachedAnswer.hits + 1)
    )


def prune() -> int:
    """Removes entries of earlier versions and those older than a month. Returns how many."""
    present = select(Bot.version).where(Bot.id == CachedAnswer.bot_id).scalar_subquery()
    over = (CachedAnswer.bot_version != present) | (CachedAnswer.created_at < clock.now() - TTL)
    with transaction() as current:
        gone = current.execute(
            delete(CachedAnswer).where(over), execution_options={"synchronize_session": False}
        )
    return int(getattr(gone, "rowcount", 0))


def _has_talked(answer: Message) -> bool:
    earlier = select(Message.id).where(
        Message.conversation_id == answer.conversation_id,
        Message.role == ANSWER,
        Message.status == COMPLETE,
        Message.created_at < answer.created_at,
    )
    return session().scalar(earlier.limit(1)) is not None


def _key(question: FirstQuestion) -> dict[str, Any]:
    return {
        "bot_id": question.bot_id,
        "bot_version": question.bot_version,
        "question_digest": question.digest,
    }
