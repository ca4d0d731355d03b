"""Home: whether anything needs attention, and the first steps."""

from dataclasses import dataclass

from flask import Blueprint, render_template, url_for

from core import clock
from core.accounts.models import Workspace
from core.knowledge import allowance
from core.usage import reading
from web.console import attention, request_cache
from web.console.bots import rows as bot_rows
from web.console.bots.rows import BotRow
from web.console.keys import rows as key_rows
from web.console.keys.rows import KeyRow
from web.guards import requires

pages = Blueprint("home", __name__, url_prefix="/w/<slug>")


@dataclass(frozen=True)
class Step:
    done: bool
    title: str
    text: str
    url: str
    action_text: str
    permission: str
    """The step's link is shown to people with this permission."""


@pages.get("")
@requires("workspace.read")
def show(workspace: Workspace) -> str:
    keys, bots = key_rows.rows_of(workspace), bot_rows.rows_of(workspace)
    return render_template(
        "home/show.html",
        attention=attention.notices(workspace),
        quota=request_cache.quota_of(workspace),
        days=reading.by_day(workspace.id),
        keys=keys,
        bots=bots,
        checklist=_checklist(workspace, keys, bots),
        checked_at=clock.now(),
    )


def _checklist(workspace: Workspace, keys: list[KeyRow], bots: list[BotRow]) -> list[Step]:
    """The first steps, until all are done. Adding a key is a step only on plans that use keys for bots."""
    steps = [
        Step(
            bool(bots),
            "Create a bot",
            "All it needs is a name. It starts on Mevichat Mini, no key needed.",
            url_for("bots.new", slug=workspace.slug),
            "Create a bot",
            "bots.manage",
        ),
        _teach_step(workspace, bots),
        _site_step(workspace),
    ]
    if workspace.plan.provider_keys and workspace.kind == "organization":
        steps.insert(0, _key_step(workspace, keys))
    return [] if all(step.done for step in steps) else steps


def _key_step(workspace: Workspace, keys: list[KeyRow]) -> Step:
    return Step(
        bool(keys),
        "Add a provider key",
        "With an Anthropic or OpenAI key your bots answer with Claude or GPT, billed to you directly.",
        url_for("provider_keys.new", slug=workspace.slug),
        "Add a key",
        "keys.manage",
    )


def _teach_step(workspace: Workspace, bots: list[BotRow]) -> Step:
    slug = workspace.slug
    return Step(
        bool(bots) and allowance.used(workspace.id).sources > 0,
        "Add knowledge",
        "Add texts, files, web pages or answers. The bot answers from them and cites its sources.",
        url_for("knowledge_forms.add_text", slug=slug, bot_id=bots[0].id) if bots else "",
        "Add knowledge",
        "knowledge.manage",
    )


def _site_step(workspace: Workspace) -> Step:
    """Done once any bot has an allowed site: without one, the widget doesn't load."""
    made = request_cache.bots_of(workspace)
    return Step(
        any(bot.allowed_origins for bot in made),
        "Put it on your site",
        "Add one line of code to your site. The hosted chat page works without it.",
        url_for("install.show", slug=workspace.slug, bot_id=made[0].id) if made else "",
        "Get the snippet",
        "bots.read",
    )
