"""Unanswered questions: counted, so that the owner can answer each one once.

Independent of conversations: stores only which question a bot was asked, and how often.
"""

import re
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.orm import Session

from core import clock
from core.accounts.actor import Actor
from core.accounts.models import Workspace
from core.db import changed_one, insert_new, session, transaction
from core.errors import Conflict, NotFound
from core.ids import new_id
from core.knowledge import sources
from core.knowledge.models import ANSWERED, DISMISSED, OPEN, Source, Unanswered

MAX_QUESTION_LENGTH = 500
MAX_KEPT = 1_000
"""Per bot. A new one replaces the one that was asked longest ago."""
SHOWN = 100
ROWS = 500
"""Deleted in one transaction."""


def record(workspace_id: str, bot_id: str, question: str) -> None:
    """Counts a question that got no answer. One that was answered once and is not found is open again."""
    normal = normalized(question)
    with transaction() as current:
        if not _counted(current, bot_id, normal):
            _make_room(current, bot_id)
            _insert(current, workspace_id, bot_id, question, normal)


def normalized(question: str) -> str:
    """Lower case without punctuation: what makes two questions the same."""
    words = re.findall(r"\w+", question.lower())
    return " ".join(words)[:MAX_QUESTION_LENGTH] or question.strip().lower()[:MAX_QUESTION_LENGTH]


def open_of(bot_id: str) -> Sequence[Unanswered]:
    """What waits for an answer, most asked first."""
    return (
        session()
        .scalars(
            select(Unanswered)
            .where(Unanswered.bot_id == bot_id, Unanswered.state == OPEN)
            .order_by(Unanswered.count.desc(), Unanswered.last_at.desc())
            .limit(SHOWN)
        )
        .all()
    )


def get(workspace_id: str, bot_id: str, unanswered_id: str) -> Unanswered:
    """Raises `NotFound`."""
    found = session().get(Unanswered, unanswered_id)
    if found is None or (found.workspace_id, found.bot_id) != (workspace_id, bot_id):
        raise NotFound("There is no such question.")
    return found


def answer(
    workspace: Workspace, unanswered: Unanswered, question: str, text: str, actor: Actor
) -> Source:
    """Makes a question and answer of it, which the bot knows from then on. Raises as `add_qa`."""
    made = sources.add_qa(workspace, unanswered.bot_id, question, text, actor)
    _resolve(unanswered, ANSWERED)
    return made


def dismiss(unanswered: Unanswered) -> None:
    """It leaves the list, and stays away however often it is asked. Raises `Conflict` if it is not open."""
    if not _resolve(unanswered, DISMISSED):
        raise Conflict("This question has already been answered or dismissed.")


def delete_older(workspace_id: str, before: datetime) -> int:
    """Deletes what was last asked before then: it is what visitors wrote. Returns how many."""
    return delete_where((Unanswered.workspace_id == workspace_id) & (Unanswered.last_at < before))


def delete_where(which: ColumnElement[bool]) -> int:
    """Deletes these, a few at a time; how many that were."""
    some = select(Unanswered.id).where(which).limit(ROWS)
    count = 0
    while ids := list(session().scalars(some)):
        with transaction() as current:
            # One that was asked again meanwhile is not what was chosen.
            gone = current.execute(
                delete(Unanswered).where(Unanswered.id.in_(ids), which),
                execution_options={"synchronize_session": False},
            )
        count += int(getattr(gone, "rowcount", 0))
    return count


def _resolve(unanswered: Unanswered, state: str) -> bool:
    with transaction() as current:
        return changed_one(
            current,
            update(Unanswered)
            .where(Unanswered.id == unanswered.id, Unanswered.state == OPEN)
            .values(state=state),
        )


def _counted(current: Session, bot_id: str, normal: str) -> bool:
    now = clock.now()
    known = (Unanswered.bot_id == bot_id, Unanswered.normal == normal)
    current.execute(
        update(Unanswered).where(*known, Unanswered.state == ANSWERED).values(state=OPEN)
    )
    return changed_one(
        current,
        update(Unanswered).where(*known).values(count=Unanswered.count + 1, last_at=now),
    )


def _insert(current: Session, workspace_id: str, bot_id: str, question: str, normal: str) -> None:
    """Of two that insert the same question at once, the second counts it."""
    inserted = insert_new(
        current,
        Unanswered,
        id=new_id("unq"),
        workspace_id=workspace_id,
        bot_id=bot_id,
        question=" ".join(question.split())[:MAX_QUESTION_LENGTH],
        normal=normal,
        count=1,
        first_at=clock.now(),
        last_at=clock.now(),
        state=OPEN,
    )
    if not inserted:
        _counted(current, bot_id, normal)


def _make_room(current: Session, bot_id: str) -> None:
    mine = select(Unanswered.id).where(Unanswered.bot_id == bot_id)
    if (current.scalar(select(func.count()).select_from(mine.subquery())) or 0) < MAX_KEPT:
        return
    oldest = mine.order_by(Unanswered.last_at).limit(1).scalar_subquery()
    current.execute(delete(Unanswered).where(Unanswered.id == oldest))
