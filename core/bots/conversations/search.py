"""Finding conversations by bot, days, origin, words and what became of them: by their last message, in steps.

A step looks at `SPAN` conversations at most, however few of them match: it never waits for a whole
workspace to be read. Those of each bot come from the index of their last messages, and are merged.
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
"""Of so many the newest can be merged in one query; SQLite has a limit for that at 500."""
SHORTEST_TEXT = 2
STATES = ("failed", "unanswered", "down", "up", "cached")

_last_at = Conversation.last_message_at


@dataclass(frozen=True)
class Cursor:
    """The conversation that was looked at last: what comes next is older, or newer if that is the order."""

    last_at: datetime
    id: str


@dataclass(frozen=True)
class ConversationFilter:
    """What to look for: an empty field asks for nothing. `until` is the first moment that is too late."""

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
    """What one step found. `next` is where to go on, if there is more to look at; `full` whether there
    is more that matches for sure, rather than conversations that this step did not get to."""

    ids: list[str]
    next: Cursor | None = None
    full: bool = False


def step(wanted: ConversationFilter, after: Cursor | None = None, size: int = PAGE) -> Step:
    """The next conversations that match, at most `size`."""
    places = _places(wanted)
    if not places:
        return Step([])
    span = _span(wanted, places, after, SPAN if wanted.looks_inside else size + 1)
    found = [Cursor(row.last_at, row.id) for row in session().execute(_inside(span, wanted, size))]
    if len(found) > size:
        return Step([cursor.id for cursor in found[:size]], found[size - 1], full=True)
    reached = _end_of(span, wanted) if wanted.looks_inside else None
    return Step([cursor.id for cursor in found], reached)


def every(wanted: ConversationFilter, size: int = 100) -> Iterator[list[str]]:
    """All that match, in lists of at most `size`; lets others go first after each step."""
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


def _places(wanted: ConversationFilter) -> list[ColumnElement[bool]]:
    """Where to look: at each bot, so that its index serves; in the whole workspace if they are too many."""
    here = Conversation.workspace_id == wanted.workspace_id
    if wanted.bot_id:
        return [here & (Conversation.bot_id == wanted.bot_id)]
    of_workspace = select(Bot.id).where(Bot.workspace_id == wanted.workspace_id)
    made = session().scalars(of_workspace.where(Bot.deleted_at.is_(None)))
    places = [Conversation.bot_id == bot_id for bot_id in made]
    if len(places) <= MOST_BOTS:
        return places
    return [here & Conversation.bot_id.not_in(of_workspace.where(Bot.deleted_at.is_not(None)))]


def _span(
    wanted: ConversationFilter, places: list[ColumnElement[bool]], after: Cursor | None, size: int
) -> Subquery:
    """The next conversations after the cursor, whatever is in them."""
    arms = [select(_arm(wanted, place, after, size).subquery()) for place in places]
    merged = union_all(*arms).subquery()
    first = select(merged).order_by(*wanted.ordered(merged.c.last_at, merged.c.id)).limit(size)
    return first.subquery("span")


def _arm(
    wanted: ConversationFilter, place: ColumnElement[bool], after: Cursor | None, size: int
) -> Select[Any]:
    """Those of one bot, along its index."""
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
        yield (Message.role == ANSWER) & _became(wanted.state)


def _became(state: str) -> ColumnElement[bool]:
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
    """The answer that it does not know: complete, and neither a provider's nor remembered."""
    return (Message.status == COMPLETE) & Message.cached.is_(False) & Message.latency_ms.is_(None)


def _end_of(span: Subquery, wanted: ConversationFilter) -> Cursor | None:
    """The last conversation of a whole span; none where the span was the rest."""
    last = select(span.c.id, span.c.last_at).order_by(*wanted.ordered(span.c.last_at, span.c.id))
    row = session().execute(last.offset(SPAN - 1).limit(1)).first()
    return Cursor(row.last_at, row.id) if row else None
