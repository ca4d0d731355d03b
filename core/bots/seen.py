"""Sites on which the widget was seen that may not show it: the console asks whether they may.

Anybody can make up such a site, since a program may send any address: twenty undecided ones are kept
for a bot, the oldest fall out, and no more than twenty new ones come in an hour.
"""

from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.orm import Session

from core import clock
from core.accounts import audit
from core.accounts.actor import Actor
from core.bots.models import Bot, SeenOrigin
from core.db import changed_one, insert_new, session, transaction

MOST = 20
FRESH = timedelta(hours=1)
"""For so long a site that was seen is not written again."""


def note(bot: Bot, origin: str) -> None:
    """The site asked for this bot's widget and may not show it. Most requests write nothing."""
    now = clock.now()
    known = session().get(SeenOrigin, (bot.id, origin))
    if known.last_seen_at > now - FRESH if known else _came_since(bot.id, now - FRESH) >= MOST:
        return
    times: dict[str, Any] = {"last_seen_at": now}
    row = {"bot_id": bot.id, "origin": origin, "first_seen_at": now, "dismissed": False} | times
    with transaction() as current:
        if not insert_new(current, SeenOrigin, **row):
            current.execute(update(SeenOrigin).where(*_is(bot.id, origin)).values(times))
        _let_fall_out(current, bot.id)


def refuse(bot: Bot, origin: str, actor: Actor) -> None:
    """The site is not asked for again. What it may do does not change: nothing."""
    undecided = update(SeenOrigin).where(*_is(bot.id, origin), SeenOrigin.dismissed.is_(False))
    with transaction() as current:
        if changed_one(current, undecided.values(dismissed=True)):
            facts = {"name": bot.name, "origin": origin}
            audit.record(current, bot.workspace_id, actor, "bot.origin_refused", bot.id, **facts)


def forget(current: Session, bot_id: str, origin: str) -> None:
    """Within the caller's transaction: there is nothing left to decide."""
    current.execute(delete(SeenOrigin).where(*_is(bot_id, origin)))


def _is(bot_id: str, origin: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return SeenOrigin.bot_id == bot_id, SeenOrigin.origin == origin


def _undecided(bot_id: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return SeenOrigin.bot_id == bot_id, SeenOrigin.dismissed.is_(False)


def _came_since(bot_id: str, moment: Any) -> int:
    came = select(func.count()).where(SeenOrigin.bot_id == bot_id)
    return session().scalar(came.where(SeenOrigin.first_seen_at > moment)) or 0


def _let_fall_out(current: Session, bot_id: str) -> None:
    """The undecided ones past the twenty that were seen last."""
    latest = SeenOrigin.last_seen_at.desc(), SeenOrigin.origin
    past = select(SeenOrigin.origin).where(*_undecided(bot_id)).order_by(*latest).offset(MOST)
    for origin in current.scalars(past.limit(1000)).all():
        forget(current, bot_id, origin)
