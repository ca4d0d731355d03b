"""Visitors: which sites may use a bot, and the token that grants access to one conversation."""

import re
from datetime import datetime, timedelta

from sqlalchemy import select

from core import clock, ids
from core.bots.models import Bot, Conversation
from core.db import session, transaction
from core.errors import BadToken, BotOff, Invalid, NotFound, OriginNotAllowed

PREFIX = "mvv"
TOKEN_LIFE = timedelta(days=7)
_MOST_ORIGINS = 50
_ORIGIN = re.compile(r"https?://([a-z0-9_-]+(\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])(:\d{1,5})?")


def bot_for_visitor(bot_id: str, origin: str | None, own_origin: str) -> Bot:
    """The bot, if it is enabled and the site is allowed; raises `NotFound`, `OriginNotAllowed`, `BotOff`.

    `origin` is the browser's Origin header; other clients send none. `own_origin` is the deployment's.
    """
    bot = get_bot(bot_id)
    if origin and origin != own_origin and origin not in bot.allowed_origins:
        raise OriginNotAllowed()
    if not bot.enabled:
        raise BotOff()
    return bot


def get_bot(bot_id: str) -> Bot:
    """The bot, enabled or not; raises `NotFound`."""
    bot = find_bot(bot_id)
    if bot is None:
        raise NotFound("There is no bot at this address.")
    return bot


def find_bot(bot_id: str) -> Bot | None:
    """The bot, enabled or not; None if it doesn't exist."""
    bot = session().get(Bot, bot_id)
    return None if bot is None or bot.deleted_at else bot


def origin_of(address: str) -> str:
    """The origin of a page's URL as browsers write it; "" if it can't be an allowed site."""
    scheme, _, rest = address.partition("://")
    origin = f"{scheme}://{re.split(r'[/?#]', rest, maxsplit=1)[0]}".lower()
    return origin if _ORIGIN.fullmatch(origin) and len(origin) <= 200 else ""


def is_allowed(bot_id: str, origin: str) -> bool:
    """Whether pages of that origin may read this bot's answers."""
    bot = find_bot(bot_id)
    return bot is not None and origin in bot.allowed_origins


def open_conversation(bot: Bot, secret_key: str, origin: str = "") -> tuple[Conversation, str]:
    """A new conversation and the visitor's token for it: shown once, valid for seven days."""
    token = ids.new_token(PREFIX)
    conversation = Conversation(
        bot_id=bot.id,
        workspace_id=bot.workspace_id,
        token_digest=ids.token_digest(token, secret_key),
        origin=origin[:200],
        expires_at=clock.now() + TOKEN_LIFE,
    )
    with transaction() as current:
        current.add(conversation)
    return conversation, token


def conversation_of(token: str, bot_id: str, secret_key: str) -> Conversation:
    """The conversation that the token grants access to; raises `BadToken`."""
    if not ids.is_token(token, PREFIX):
        raise BadToken()
    found = session().scalar(
        select(Conversation).where(
            Conversation.token_digest == ids.token_digest(token, secret_key),
            Conversation.bot_id == bot_id,
        )
    )
    if found is None or _has_expired(found.expires_at):
        raise BadToken()
    return found


def _has_expired(expires_at: datetime) -> bool:
    return expires_at <= clock.now()


def checked_origins(lines: list[str]) -> list[str]:
    """Origins as browsers send them (`https://example.com`); raises `Invalid` with the bad one."""
    origins = list(dict.fromkeys(_checked_origin(line) for line in lines if line.strip()))
    if len(origins) > _MOST_ORIGINS:
        sentence = f"A bot can have at most {_MOST_ORIGINS} allowed sites."
        raise Invalid(sentence, field="allowed_origins")
    return origins


def _checked_origin(line: str) -> str:
    text = line.strip().rstrip("/").lower()
    if not _ORIGIN.fullmatch(text) or len(text) > 200:
        sentence = (
            f"“{line.strip()[:80]}” is not a site address. Write it like https://www.example.com"
        )
        raise Invalid(sentence, field="allowed_origins")
    return text
