"""Retention: once a day, deletes conversations and unanswered questions older than the workspace allows.

The age of a conversation is that of its last message, or of the conversation if it is empty. The age of
an unanswered question is that of the last time it was asked.
"""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from core import clock, queue
from core.accounts import audit
from core.accounts.actor import MEVICHAT
from core.accounts.models import Workspace
from core.bots.conversations import deletion as conversation_deletion
from core.bots.models import Conversation
from core.db import session
from core.knowledge import unanswered
from core.log import logger

JOB = "workers.jobs.forget_conversations"
AT_A_TIME = 5_000
JOB_SECONDS = 1_800

log = logger(__name__)


def run_later() -> int:
    """Queues a job for each workspace with a retention period. Returns how many."""
    wanted = select(Workspace.id).where(Workspace.retention_days > 0).order_by(Workspace.id)
    due = list(session().scalars(wanted))
    for workspace_id in due:
        queue.enqueue(queue.DEFAULT, JOB, workspace_id, timeout_seconds=JOB_SECONDS)
    return len(due)


def run(workspace_id: str) -> int:
    """Deletes what is too old in this workspace, and records the count in the log and the audit log."""
    workspace = session().get(Workspace, workspace_id)
    if workspace is None or not workspace.retention_days:
        return 0
    days, ids = workspace.retention_days, _too_old(workspace_id, workspace.retention_days)

    def record(current: Session, count: int) -> None:
        audit.record(
            current, workspace_id, MEVICHAT, "conversation.expired", count=count, days=days
        )

    gone = conversation_deletion.delete_ids(ids, record)
    questions = unanswered.delete_older(workspace_id, _cutoff(days))
    if gone or questions:
        details = {"count": gone, "questions": questions, "days": days}
        log.info("conversations_expired", workspace_id=workspace_id, **details)
    return gone


def count_older(workspace_id: str, days: int) -> int:
    """How many conversations a retention of so many days would delete."""
    wanted = select(func.count()).select_from(Conversation)
    return session().scalar(wanted.where(*_older(workspace_id, days))) or 0


def _too_old(workspace_id: str, days: int) -> list[str]:
    """Their ids, read in steps so that other queries aren't held up."""
    ids: list[str] = []
    while found := _next_ids(workspace_id, days, ids[-1] if ids else ""):
        ids += found
    return ids


def _next_ids(workspace_id: str, days: int, after: str) -> list[str]:
    wanted = select(Conversation.id).where(*_older(workspace_id, days), Conversation.id > after)
    found = list(session().scalars(wanted.order_by(Conversation.id).limit(AT_A_TIME)))
    session().commit()
    return found


def _older(workspace_id: str, days: int) -> tuple[ColumnElement[bool], ...]:
    last = func.coalesce(Conversation.last_message_at, Conversation.created_at)
    return (Conversation.workspace_id == workspace_id, last < _cutoff(days))


def _cutoff(days: int) -> datetime:
    return clock.now() - timedelta(days=days)
