"""How long conversations are kept: what is older than a workspace says is deleted, once a day.

Old is a conversation whose last message is; one in which nobody wrote, by the day it was opened. A
question that nothing answered is what visitors wrote too: it goes by when it was last asked.
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
    """Queues the work for each workspace that keeps conversations for a time. Returns how many."""
    wanted = select(Workspace.id).where(Workspace.retention_days > 0).order_by(Workspace.id)
    due = list(session().scalars(wanted))
    for workspace_id in due:
        queue.enqueue(queue.DEFAULT, JOB, workspace_id, timeout_seconds=JOB_SECONDS)
    return len(due)


def run(workspace_id: str) -> int:
    """Deletes what is too old in this workspace now; says in log and audit log how many that were."""
    workspace = session().get(Workspace, workspace_id)
    if workspace is None or not workspace.retention_days:
        return 0
    days, ids = workspace.retention_days, _too_old(workspace_id, workspace.retention_days)

    def record(current: Session, count: int) -> None:
        audit.record(
            current, workspace_id, MEVICHAT, "conversation.expired", count=count, days=days
        )

    gone = conversation_deletion.delete_ids(ids, record)
    questions = unanswered.delete_older(workspace_id, _long_ago(days))
    if gone or questions:
        told = {"count": gone, "questions": questions, "days": days}
        log.info("conversations_expired", workspace_id=workspace_id, **told)
    return gone


def count_older(workspace_id: str, days: int) -> int:
    """How many conversations would be deleted if they were kept for so many days."""
    wanted = select(func.count()).select_from(Conversation)
    return session().scalar(wanted.where(*_older(workspace_id, days))) or 0


def _too_old(workspace_id: str, days: int) -> list[str]:
    """Their ids, in steps that let others go first."""
    ids: list[str] = []
    while found := _some(workspace_id, days, ids[-1] if ids else ""):
        ids += found
    return ids


def _some(workspace_id: str, days: int, after: str) -> list[str]:
    wanted = select(Conversation.id).where(*_older(workspace_id, days), Conversation.id > after)
    found = list(session().scalars(wanted.order_by(Conversation.id).limit(AT_A_TIME)))
    session().commit()
    return found


def _older(workspace_id: str, days: int) -> tuple[ColumnElement[bool], ...]:
    last = func.coalesce(Conversation.last_message_at, Conversation.created_at)
    return (Conversation.workspace_id == workspace_id, last < _long_ago(days))


def _long_ago(days: int) -> datetime:
    return clock.now() - timedelta(days=days)
