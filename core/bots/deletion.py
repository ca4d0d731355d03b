"""Deletes a bot: it disappears immediately, and a job deletes its rows in small steps.

Deleting a large bot takes half a minute, so no request waits for it.
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
"""After this its job counts as lost: Redis was down, or the worker died."""


def remove(bot: Bot, actor: Actor) -> None:
    """Marks the bot as deleted: it is no longer found, answers no one, and indexes nothing."""
    marked = update(Bot).where(Bot.id == bot.id, Bot.deleted_at.is_(None))
    with transaction() as current:
        if not changed_one(current, marked.values(deleted_at=clock.now())):
            return
        knowledge_deletion.mark_removed(current, bot.id)
        entry = (bot.workspace_id, actor, "bot.deleted", bot.id)
        audit.record(current, *entry, name=bot.name)
    clear_later(bot.id)


def clear_later(bot_id: str) -> None:
    """Queues the job. Without Redis the schedule queues it later."""
    with suppress(Busy):
        queue.enqueue(queue.KNOWLEDGE, JOB, bot_id, timeout_seconds=JOB_SECONDS)


def clear(bot_id: str) -> None:
    """Deletes the conversations, the knowledge and finally the bot, if it is marked as deleted."""
    deleted = Bot.id == bot_id, Bot.deleted_at.is_not(None)
    if session().scalar(select(Bot.id).where(*deleted)) is None:
        return
    conversation_deletion.delete_all_of_bot(bot_id)
    knowledge_deletion.delete_all_of_bot(bot_id)
    with transaction() as current:
        current.execute(
            delete(Bot).where(*deleted), execution_options={"synchronize_session": False}
        )


def resume_deletions() -> int:
    """For the schedule: queues bots whose job was lost again. Returns how many."""
    late = Bot.deleted_at < clock.now() - LOST_AFTER
    lost = list(session().scalars(select(Bot.id).where(late)))
    for bot_id in lost:
        clear_later(bot_id)
    return len(lost)
