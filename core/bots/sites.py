"""A bot's sites: those that may show its widget, and those that loaded it without being allowed.

The console asks about the second kind. Anybody can invent such a site, since a program may send any
address: twenty undecided ones are kept for a bot, the oldest are dropped, and at most twenty new ones are
kept in an hour. The settings form writes the list of allowed sites as a whole (`bots`).
"""

from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.orm import Session

from core import clock
from core.accounts import audit
from core.accounts.actor import Actor
from core.bots import bots
from core.bots.models import Bot, SeenOrigin
from core.bots.visitors import checked_origins
from core.db import changed_one, insert_new, session, transaction
from core.errors import Invalid

MOST_SEEN = 20
FRESH = timedelta(hours=1)
"""A site that loaded the widget again within this time is not written again."""


def allow(bot: Bot, site: str, actor: Actor) -> str:
    """Puts a site on the list, as browsers write it; raises `Invalid` for what is none, or one too many."""
    wanted = checked_origins([site])
    if not wanted:
        raise Invalid("Write the site’s address, like https://www.example.com", field="site")
    _change(bot, wanted, [], actor, "bot.origin_allowed", wanted[0])
    return wanted[0]


def remove(bot: Bot, origin: str, actor: Actor) -> None:
    """The site shows the bot no more from its next page on."""
    _change(bot, [], [origin], actor, "bot.origin_removed", origin)


def note_seen(bot: Bot, origin: str) -> None:
    """The site asked for this bot's widget and may not show it. Most requests write nothing."""
    now = clock.now()
    known = session().get(SeenOrigin, (bot.id, origin))
    if known.last_seen_at > now - FRESH if known else _came_since(bot.id, now - FRESH) >= MOST_SEEN:
        return
    times: dict[str, Any] = {"last_seen_at": now}
    row = {"bot_id": bot.id, "origin": origin, "first_seen_at": now, "dismissed": False} | times
    with transaction() as current:
        if not insert_new(current, SeenOrigin, **row):
            current.execute(update(SeenOrigin).where(*_is(bot.id, origin)).values(times))
        _let_fall_out(current, bot.id)


def dismiss(bot: Bot, origin: str, actor: Actor) -> None:
    """The site is not asked for again. What it may do does not change: nothing."""
    undecided = update(SeenOrigin).where(*_is(bot.id, origin), SeenOrigin.dismissed.is_(False))
    with transaction() as current:
        if changed_one(current, undecided.values(dismissed=True)):
            facts = {"name": bot.name, "origin": origin}
            audit.record(current, bot.workspace_id, actor, "bot.origin_refused", bot.id, **facts)


def _change(
    bot: Bot, more: list[str], less: list[str], actor: Actor, action: str, origin: str
) -> None:
    with transaction() as current:
        stored = bots.locked(current, bot.id)
        kept = [known for known in stored.allowed_origins if known not in less]
        now = checked_origins([*kept, *more])
        _forget(current, bot.id, origin)
        if now == stored.allowed_origins:
            return
        stored.allowed_origins = now
        bots.raise_version(current, bot.id)
        facts = {"name": stored.name, "origin": origin}
        audit.record(current, bot.workspace_id, actor, action, bot.id, **facts)


def _forget(current: Session, bot_id: str, origin: str) -> None:
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
    past = select(SeenOrigin.origin).where(*_undecided(bot_id)).order_by(*latest).offset(MOST_SEEN)
    for origin in current.scalars(past.limit(1000)).all():
        _forget(current, bot_id, origin)
