"""Searches conversations by bot, days, site, text and outcome, ordered by their last message, in steps.

A step reads at most `SPAN` conversations, however few match, so that it never scans a whole workspace.
Each bot's conversations come from the index of last messages, and are merged.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, Subquery, select, union_all

from core import clock
from core.bots.answers.failure_messages import Reason
from core.bots.models import ANSWER, COMPLETE, NOT_ANSWERED, Bot, Conversation, Message
from core.db import session

PAGE = 30
SPAN = 500
MOST_BOTS = 400
"""The most bots whose conversations are merged in one query; SQLite's limit is 500."""
SHORTEST_TEXT = 2
STATES = ("failed", "unanswered", "down", "up", "cached")

_last_at = Conversation.last_message_at


@dataclass(frozen=True)
class Cursor:
    """The last conversation read; the next step continues after it."""

    last_at: datetime
    id: str


@dataclass(frozen=True)
class ConversationFilter:
    """The search criteria; empty fields match everything. `until` is exclusive."""

    workspace_id: str
    bot_id: str = ""
    text: str = ""
    state: str = ""
    origin: str = ""
    since: datetime | None = None
    until: datetime | None = None
    oldest_first: bool = False

    def ordered(self, last_at: Any, conversation_id: Any) -> tuple[Any, Any]:
        """For `order_by`: the last messages' times, in the order asked for."""
        if self.oldest_first:
            return last_at.asc(), conversation_id.asc()
        return last_at.desc(), conversation_id.desc()

    @property
    def looks_inside(self) -> bool:
        """Whether more than the index of last messages has to be read."""
        return bool(self.text or self.state or self.origin)


@dataclass(frozen=True)
class Step:
    """The result of one step. `next` is where to continue, None at the end.

    `full`: there are certainly more matches, rather than conversations that weren't read yet.
    """

    ids: list[str]
    next: Cursor | None = None
    full: bool = False


def step(wanted: ConversationFilter, after: Cursor | None = None, size: int = PAGE) -> Step:
    """The next conversations that match, at most `size`."""
    conditions = _bot_conditions(wanted)
    if not conditions:
        return Step([])
    span = _span(wanted, conditions, after, SPAN if wanted.looks_inside else size + 1)
    found = [Cursor(row.last_at, row.id) for row in session().execute(_inside(span, wanted, size))]
    if len(found) > size:
        return Step([cursor.id for cursor in found[:size]], found[size - 1], full=True)
    reached = _end_of(span, wanted) if wanted.looks_inside else None
    return Step([cursor.id for cursor in found], reached)


def every(wanted: ConversationFilter, size: int = 100) -> Iterator[list[str]]:
    """All matches, in lists of at most `size`; yields to other greenlets after each step."""
    after: Cursor | None = None
    while True:
        found = step(wanted, after, size)
        session().commit()
        if found.ids:
            yield found.ids
        if (after := found.next) is None:
            return
        clock.sleep(0)


def count(wanted: ConversationFilter) -> int:
    """How many match."""
    return sum(len(ids) for ids in every(wanted, SPAN))


def _bot_conditions(wanted: ConversationFilter) -> list[ColumnElement[bool]]:
    """A condition per bot, so that its index is used; one for the workspace if there are too many."""
    here = Conversation.workspace_id == wanted.workspace_id
    if wanted.bot_id:
        return [here & (Conversation.bot_id == wanted.bot_id)]
    of_workspace = select(Bot.id).where(Bot.workspace_id == wanted.workspace_id)
    made = session().scalars(of_workspace.where(Bot.deleted_at.is_(None)))
    conditions = [Conversation.bot_id == bot_id for bot_id in made]
    if len(conditions) <= MOST_BOTS:
        return conditions
    return [here & Conversation.bot_id.not_in(of_workspace.where(Bot.deleted_at.is_not(None)))]


def _span(
    wanted: ConversationFilter,
    conditions: list[ColumnElement[bool]],
    after: Cursor | None,
    size: int,
) -> Subquery:
    """The next conversations after the cursor, whatever is in them."""
    arms = [select(_arm(wanted, place, after, size).subquery()) for place in conditions]
    merged = union_all(*arms).subquery()
    first = select(merged).order_by(*wanted.ordered(merged.c.last_at, merged.c.id)).limit(size)
    return first.subquery("span")


def _arm(
    wanted: ConversationFilter, place: ColumnElement[bool], after: Cursor | None, size: int
) -> Select[Any]:
    """The conversations of one bot, read from its index."""
    columns: list[Any] = [Conversation.id, _last_at.label("last_at"), Conversation.origin]
    arm: Select[Any] = select(*columns).where(place, _last_at.is_not(None))
    if wanted.since:
        arm = arm.where(_last_at >= wanted.since)
    if wanted.until:
        arm = arm.where(_last_at < wanted.until)
    if after and wanted.oldest_first:
        newer = (_last_at > after.last_at) | (Conversation.id > after.id)
        arm = arm.where(_last_at >= after.last_at, newer)
    elif after:
        older = (_last_at < after.last_at) | (Conversation.id < after.id)
        arm = arm.where(_last_at <= after.last_at, older)
    return arm.order_by(*wanted.ordered(_last_at, Conversation.id)).limit(size)


def _inside(span: Subquery, wanted: ConversationFilter, size: int) -> Select[Any]:
    found = select(span.c.id, span.c.last_at)
    if wanted.origin:
        found = found.where(span.c.origin == wanted.origin)
    for condition in _of_a_message(wanted):
        found = found.where(
            select(Message.id).where(Message.conversation_id == span.c.id, condition).exists()
        )
    return found.order_by(*wanted.ordered(span.c.last_at, span.c.id)).limit(size + 1)


def _of_a_message(wanted: ConversationFilter) -> Iterator[ColumnElement[bool]]:
    if wanted.text:
        yield Message.text.icontains(wanted.text, autoescape=True)
    if wanted.state:
        yield (Message.role == ANSWER) & _has_outcome(wanted.state)


def _has_outcome(state: str) -> ColumnElement[bool]:
    if state == "failed":
        return failed()
    if state == "cached":
        return Message.cached.is_(True)
    if state == "unanswered":
        return no_provider_called()
    return Message.feedback == (1 if state == "up" else -1)


def failed() -> ColumnElement[bool]:
    """Not answered, and not for the reason that its visitor had read enough."""
    return Message.status.in_(NOT_ANSWERED) & (Message.failure != Reason.stopped.value)


def no_provider_called() -> ColumnElement[bool]:
    """Answers saying that the bot doesn't know: complete, not from a provider and not cached."""
    return (Message.status == COMPLETE) & Message.cached.is_(False) & Message.latency_ms.is_(None)


def _end_of(span: Subquery, wanted: ConversationFilter) -> Cursor | None:
    """The last conversation of a whole span; none where the span was the rest."""
    last = select(span.c.id, span.c.last_at).order_by(*wanted.ordered(span.c.last_at, span.c.id))
    row = session().execute(last.offset(SPAN - 1).limit(1)).first()
    return Cursor(row.last_at, row.id) if row else None
