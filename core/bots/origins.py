"""The list of sites that may show a bot: one more, one less. The form of settings writes it whole (`bots`)."""

from core.accounts import audit
from core.accounts.actor import Actor
from core.bots import bots, seen
from core.bots.models import Bot
from core.bots.visitors import checked_origins
from core.db import transaction
from core.errors import Invalid


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


def _change(
    bot: Bot, more: list[str], less: list[str], actor: Actor, action: str, origin: str
) -> None:
    with transaction() as current:
        stored = bots.locked(current, bot.id)
        kept = [known for known in stored.allowed_origins if known not in less]
        now = checked_origins([*kept, *more])
        seen.forget(current, bot.id, origin)
        if now == stored.allowed_origins:
            return
        stored.allowed_origins = now
        bots.raise_version(current, bot.id)
        facts = {"name": stored.name, "origin": origin}
        audit.record(current, bot.workspace_id, actor, action, bot.id, **facts)
