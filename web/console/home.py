"""Home: one glance says whether anything is wrong, and what to do."""

from dataclasses import dataclass

from flask import Blueprint, render_template, url_for

from core import clock
from core.accounts.models import Workspace
from core.bots import conversations, quota
from core.bots.quota import Quota
from web.console import bot_rows, key_rows
from web.console.bot_rows import BotRow
from web.console.key_rows import KeyRow
from web.frame import day
from web.guards import member

pages = Blueprint("home", __name__, url_prefix="/w/<slug>")

_BROKEN = ("invalid", "unreadable")


@dataclass(frozen=True)
class Notice:
    """Something that needs an act, with the way to it."""

    kind: str
    text: str
    action_text: str
    action_url: str


@dataclass(frozen=True)
class Step:
    done: bool
    title: str
    text: str
    url: str
    action_text: str


@pages.get("")
@member("workspace.read")
def show(workspace: Workspace) -> str:
    keys, bots = key_rows.rows_of(workspace), bot_rows.rows_of(workspace)
    standing = quota.standing(workspace)
    return render_template(
        "home/show.html",
        attention=_attention(workspace, keys, bots, standing),
        quota=standing,
        days=conversations.by_day(workspace.id),
        keys=keys,
        bots=bots,
        checklist=_checklist(workspace, keys, bots),
        checked_at=clock.now(),
    )


def _attention(
    workspace: Workspace, keys: list[KeyRow], bots: list[BotRow], standing: Quota
) -> list[Notice]:
    keys_url = url_for("provider_keys.index", slug=workspace.slug)
    notices = [
        Notice("bad", f"{key.sentence}{_silenced(key)}", "Go to provider keys", keys_url)
        for key in keys
        if key.state in _BROKEN
    ]
    told = {key.provider.name for key in keys if key.state in _BROKEN}
    notices += [
        Notice("bad", f"{bot.name}: {bot.sentence}", "Open the bot", _bot_url(workspace, bot))
        for bot in bots
        if bot.state == "blocked" and bot.provider_name not in told
    ]
    return notices + _quota_notices(workspace, standing)


def _silenced(key: KeyRow) -> str:
    """Which bots wait for that key, as a sentence; "" if none does."""
    names = [bot.name for bot in key.bots if bot.enabled]
    if not names:
        return ""
    listed = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    return f" Until then {listed} cannot answer."


def _quota_notices(workspace: Workspace, standing: Quota) -> list[Notice]:
    if standing.percent < 80:
        return []
    left = max(0, standing.limit - standing.used)
    text = (
        f"{standing.percent} % of this month’s messages are used; {left} are left "
        f"until {day(standing.resets_on)}."
    )
    kind = "bad" if left == 0 else "warning"
    return [Notice(kind, text, "See the plan", url_for("settings.show", slug=workspace.slug))]


def _checklist(workspace: Workspace, keys: list[KeyRow], bots: list[BotRow]) -> list[Step]:
    """The first steps, until they are all done. A key is a step only where a plan has them for bots."""
    first = bots[0] if bots else None
    steps = [
        Step(
            bool(bots),
            "Make a bot",
            "A name is enough: it answers with Mevichat Mini, without any key.",
            url_for("bots.new", slug=workspace.slug),
            "Make a bot",
        ),
        Step(
            any(bot.last_message_at for bot in bots),
            "Ask it something",
            "Every bot has a chat page of its own.",
            first.chat_url if first else "",
            "Open its chat",
        ),
    ]
    if workspace.plan.provider_keys and workspace.kind == "organization":
        steps.insert(0, _key_step(workspace, keys))
    return [] if all(step.done for step in steps) else steps


def _key_step(workspace: Workspace, keys: list[KeyRow]) -> Step:
    return Step(
        bool(keys),
        "Add a provider key",
        "With a key from Anthropic or OpenAI your bots answer with Claude or GPT, on your own bill.",
        url_for("provider_keys.new", slug=workspace.slug),
        "Add a key",
    )


def _bot_url(workspace: Workspace, bot: BotRow) -> str:
    return url_for("bots.show", slug=workspace.slug, bot_id=bot.id)
