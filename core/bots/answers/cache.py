"""The cache of first answers: the same first question to an unchanged bot is answered at once.

Kept under the bot's version, which every change of the bot or of what it knows raises: what an earlier
version said is never found again, and `prune` removes it.
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
    """What a cached answer is found by."""

    bot_id: str
    bot_version: int
    digest: str


def first_question(bot: Bot, answer: Message) -> FirstQuestion | None:
    """What this answer may be found or kept by; None if the bot caches nothing or talks already."""
    if not bot.caches or _has_talked(answer):
        return None
    text = session().scalar(select(Message.text).where(Message.id == answer.reply_to)) or ""
    return FirstQuestion(bot.id, bot.version, digest_of(text))


def digest_of(text: str) -> str:
    """The same for texts that differ in case, white space, or the marks at their end."""
    words = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    return hashlib.sha256((words.rstrip(_TRAILING) or words).encode()).hexdigest()


def find(question: FirstQuestion) -> CachedAnswer | None:
    return session().get(CachedAnswer, (question.bot_id, question.bot_version, question.digest))


def keep(
    current: Session, question: FirstQuestion, text: str, sources: list[dict[str, Any]]
) -> None:
    """Kept for the next who asks; of several answers to one question the first."""
    insert_new(
        current, CachedAnswer, **_key(question),
        text=text, sources=sources, created_at=clock.now(), hits=0,
    )  # fmt: skip


def count_hit(current: Session, question: FirstQuestion) -> None:
    current.execute(
        update(CachedAnswer).filter_by(**_key(question)).values(hits=CachedAnswer.hits + 1)
    )


def prune() -> int:
    """Removes what earlier versions of bots said, and what is a month old. Returns how many."""
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
