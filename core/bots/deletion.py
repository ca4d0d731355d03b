"""Deletes a bot: gone for everybody at once, its rows afterwards, by a job in small steps.

A bot with much behind it takes half a minute, for which nobody has to wait.
"""

from contextlib import suppress
from datetime import timedelta

from sqlalchemy import delete, select, update

from core import clock, queue
from core.accounts import audit
from core.accounts.actor import Actor
from core.bots.conversations import deletion as conversation_deletion
from core.bots.models import Bot
from core.db import changed_one, session, transaction
from core.errors import Busy
from core.knowledge import deletion as knowledge_deletion

JOB = "workers.jobs.clear_bot"
JOB_SECONDS = 900
LOST_AFTER = timedelta(minutes=30)
"""Its job was lost, by then: Redis was away, or the worker died."""


def remove(bot: Bot, actor: Actor) -> None:
    """From here on nobody finds it, it answers nobody, and nothing more is read for it."""
    marked = update(Bot).where(Bot.id == bot.id, Bot.deleted_at.is_(None))
    with transaction() as current:
        if not changed_one(current, marked.values(deleted_at=clock.now())):
            return
        knowledge_deletion.mark_removed(current, bot.id)
        place = (bot.workspace_id, actor, "bot.deleted", bot.id)
        audit.record(current, *place, name=bot.name)
    clear_later(bot.id)


def clear_later(bot_id: str) -> None:
    """Without Redis the schedule comes back to it."""
    with suppress(Busy):
        queue.enqueue(queue.KNOWLEDGE, JOB, bot_id, timeout_seconds=JOB_SECONDS)


def clear(bot_id: str) -> None:
    """Its conversations, what it knows, and at last the bot. Of one that is not deleted, nothing."""
    gone = Bot.id == bot_id, Bot.deleted_at.is_not(None)
    if session().scalar(select(Bot.id).where(*gone)) is None:
        return
    conversation_deletion.delete_all_of_bot(bot_id)
    knowledge_deletion.delete_all_of_bot(bot_id)
    with transaction() as current:
        current.execute(delete(Bot).where(*gone), execution_options={"synchronize_session": False})


def resume_deletions() -> int:
    """For the schedule: has those cleared whose job was lost. Returns how many."""
    late = Bot.deleted_at < clock.now() - LOST_AFTER
    lost = list(session().scalars(select(Bot.id).where(late)))
    for bot_id in lost:
        clear_later(bot_id)
    return len(lost)
