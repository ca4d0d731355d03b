"""What needs attention in a workspace, worst first, each with a link to fix it.

Home shows everything, other pages the two worst as banners. Computed for every page, so it
disappears when it has been fixed.
"""

from dataclasses import dataclass

from flask import Flask, g, request, url_for

from core.accounts.models import Workspace
from core.bots import bots
from core.bots.answers import failure_messages
from core.bots.models import Bot, SeenOrigin
from core.bots.quota import quota
from core.bots.quota.quota import Quota
from core.keys.models import ProviderKey
from core.providers import catalogue
from core.providers.catalogue import Model
from web.console import request_cache, retiring_models
from web.console.keys import rows as key_rows
from web.console.keys.rows import KeyRow
from web.htmx import wants_piece
from web.page_context import day, grouped, listed

BANNERS = 2
WARN_AT_PERCENT = quota.WARNING_PERCENT
_SHOWS_ALL = "home.show"


@dataclass(frozen=True)
class Notice:
    """Something that needs attention, with a link to fix it."""

    kind: str
    text: str
    action_text: str
    action_url: str


def register(app: Flask) -> None:
    app.context_processor(lambda: {"banners": banners})


def banners() -> list[Notice]:
    """For full pages only; Home shows all notices itself."""
    membership = g.get("membership")
    if membership is None or wants_piece() or request.endpoint == _SHOWS_ALL:
        return []
    return notices(membership.workspace)[:BANNERS]


def notices(workspace: Workspace) -> list[Notice]:
    """All notices, in three queries regardless of their number."""
    made, keys = request_cache.bots_of(workspace), request_cache.keys_of(workspace)
    found = [
        *_broken_keys(workspace, keys, made),
        *_blocked_bots(workspace, keys, made),
        *_retirements(workspace, made),
        *_quota(workspace, request_cache.quota_of(workspace)),
        *_unapproved_sites(workspace, made),
    ]
    return sorted(found, key=lambda notice: notice.kind != "bad")


def _broken_keys(workspace: Workspace, keys: list[ProviderKey], made: list[Bot]) -> list[Notice]:
    rows = [key_rows.without_use(key, workspace, made) for key in keys]
    url = url_for("provider_keys.index", slug=workspace.slug)
    return [
        Notice("bad", f"{_named(row)}{_bots_waiting(row, workspace)}", "Go to provider keys", url)
        for row in rows
        if row.is_broken
    ]


def _named(row: KeyRow) -> str:
    """The row's sentence, with the provider's name if it lacks one."""
    name = row.provider.name
    return row.sentence if name in row.sentence else f"{name}: {row.sentence}"


def _bots_waiting(row: KeyRow, workspace: Workspace) -> str:
    """Which bots wait for the key, as a sentence; "" if none does."""
    allows = workspace.plan.allows_tier
    names = [bot.name for bot in row.bots if bot.enabled and allows(bot.tier)]
    return f" Until then {listed(names)} can’t answer." if names else ""


def _blocked_bots(workspace: Workspace, keys: list[ProviderKey], made: list[Bot]) -> list[Notice]:
    """Enabled bots that can't answer, except those whose broken key already has its own notice."""
    by_provider = {key.provider: key for key in keys}
    silent: dict[tuple[str, str], list[Bot]] = {}
    for bot in made:
        key = by_provider.get(bot.provider)
        reason = bots.blocked_reason(bot.model, workspace, key)
        if bot.enabled and reason and not (key and reason == f"key_{key.reason}"):
            silent.setdefault((reason, bot.model_id), []).append(bot)
    return [
        _about("bad", workspace, found, failure_messages.for_owner(reason, model_id))
        for (reason, model_id), found in silent.items()
    ]


def _retirements(workspace: Workspace, made: list[Bot]) -> list[Notice]:
    by_model: dict[Model, list[Bot]] = {}
    for bot in made:
        if bot.enabled and bot.model and workspace.plan.allows_tier(bot.tier):
            by_model.setdefault(bot.model, []).append(bot)
    found = (_retirement(workspace, model, some) for model, some in by_model.items())
    return [notice for notice in found if notice]


def _retirement(workspace: Workspace, model: Model, some: list[Bot]) -> Notice | None:
    name = catalogue.provider(model.provider).name
    if retiring_models.is_over(model):
        text = f"{name} retired {model.name} on {day(model.retires_on)}. Choose another model."
        return _about("bad", workspace, some, text)
    if retiring_models.is_near(model):
        text = f"{name} retires {model.name} on {day(model.retires_on)}. Choose another model before then."
        return _about("warning", workspace, some, text)
    return None


def _about(kind: str, workspace: Workspace, some: list[Bot], sentence: str) -> Notice:
    """A notice about one or several bots."""
    text = f"{listed(bot.name for bot in some)}: {sentence}"
    if len(some) > 1:
        return Notice(kind, text, "Go to bots", url_for("bots.index", slug=workspace.slug))
    url = url_for("bots.show", slug=workspace.slug, bot_id=some[0].id)
    return Notice(kind, text, "Open the bot", url)


def _unapproved_sites(workspace: Workspace, made: list[Bot]) -> list[Notice]:
    """Sites where a bot was loaded that are neither allowed nor dismissed."""
    found = [
        (bot, [row.origin for row in bot.sites_seen if _awaits_approval(row, bot)]) for bot in made
    ]
    return [_unapproved_notice(workspace, bot, sites) for bot, sites in found if sites]


def _awaits_approval(row: SeenOrigin, bot: Bot) -> bool:
    return not row.dismissed and row.origin not in bot.allowed_origins


def _unapproved_notice(workspace: Workspace, bot: Bot, sites: list[str]) -> Notice:
    if len(sites) == 1:
        text = f"{bot.name} loaded on {sites[0]}, which isn’t an allowed site yet."
    else:
        text = f"{bot.name} loaded on {len(sites)} sites that aren’t allowed yet."
    url = url_for("install.show", slug=workspace.slug, bot_id=bot.id)
    return Notice("info", text, "Allow this site?" if len(sites) == 1 else "Review sites", url)


def _quota(workspace: Workspace, standing: Quota) -> list[Notice]:
    if standing.percent < WARN_AT_PERCENT:
        return []
    left = max(0, standing.limit - standing.used)
    text = (
        f"{standing.percent}% of this month’s messages are used; {grouped(left)} "
        f"{'is' if left == 1 else 'are'} left until {day(standing.resets_on)}."
    )
    kind = "warning" if left else "bad"
    return [Notice(kind, text, "See the plan", url_for("plan.show", slug=workspace.slug))]
