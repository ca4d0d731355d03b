"""Search and commands: pages, bots, actions and other workspaces.

One URL serves the command palette (a partial page, requested while typing) and a full page for
browsers without JavaScript.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, request, url_for

from core.accounts import workspaces
from core.accounts.models import Workspace
from core.bots.conversations.search import SHORTEST_TEXT
from core.bots.models import Bot
from web.console import navigation, request_cache
from web.console.navigation import Place
from web.guards import requires, this_membership, this_person
from web.htmx import page_or_piece

pages = Blueprint("search", __name__, url_prefix="/w/<slug>/search")

LONGEST_TEXT = 200
MOST_OF_A_KIND = 7
_OF_A_BOT = (
    ("try it", "trial.show", "bots.read"),
    ("conversations", "conversations.index", "conversations.read"),
    ("knowledge", "knowledge.index", "bots.read"),
    ("appearance", "appearance.show", "bots.manage"),
    ("install", "install.show", "bots.read"),
    ("settings", "bots.settings", "bots.manage"),
)


@dataclass(frozen=True)
class Hit:
    """A search result. `words` are matched but not displayed."""

    text: str
    url: str
    icon: str = ""
    words: str = ""
    theme: str = ""
    """For theme commands, which run in the browser: the theme to switch to."""

    def has(self, words: list[str]) -> bool:
        text = f"{self.text} {self.words}".casefold()
        return all(word in text for word in words)


@dataclass(frozen=True)
class Group:
    title: str
    hits: list[Hit]


@pages.get("")
@requires("workspace.read")
def index(workspace: Workspace) -> Response:
    text = " ".join(request.args.get("q", "").split())[:LONGEST_TEXT]
    groups = [group for group in _groups(workspace, text) if group.hits]
    return page_or_piece("search/index.html", "search/_palette.html", q=text, groups=groups)


def _groups(workspace: Workspace, text: str) -> Iterator[Group]:
    words, can = text.casefold().split(), this_membership().allows
    yield Group("Bots", _matching(_bots(workspace, can, bool(words)), words))
    yield Group("Do", _matching(_actions(workspace, can), words))
    yield Group("Pages", _matching(_places(workspace, navigation.MAIN, can), words, most=20))
    if words:
        yield Group("More pages", _matching(_places(workspace, navigation.DEEPER, can), words))
        yield Group("This browser", _matching(_commands(), words))
    yield Group("Workspaces", _matching(_others(workspace), words))
    if len(text) >= SHORTEST_TEXT and can("conversations.read"):
        yield Group("In conversations", [_talks(workspace, text)])


def _matching(hits: Iterator[Hit] | list[Hit], words: list[str], most: int = 0) -> list[Hit]:
    """Those with every word; names that begin with the first word come first."""
    found = [hit for hit in hits if hit.has(words)]
    if words:
        found.sort(key=lambda hit: not hit.text.casefold().startswith(words[0]))
    return found[: most or MOST_OF_A_KIND]


def _bots(workspace: Workspace, can: Callable[[str], bool], searching: bool) -> Iterator[Hit]:
    """The bots, and with a search text also the pages of each."""
    found = request_cache.bots_of(workspace)
    for bot in found:
        place: dict[str, Any] = {"slug": workspace.slug, "bot_id": bot.id}
        yield Hit(bot.name, url_for("bots.show", **place), "bot", "bot")
    for bot in found if searching else ():
        yield from _pages_of(workspace, bot, can)


def _pages_of(workspace: Workspace, bot: Bot, can: Callable[[str], bool]) -> Iterator[Hit]:
    for name, endpoint, permission in _OF_A_BOT:
        if can(permission):
            of = "bot" if name == "conversations" else "bot_id"
            place: dict[str, Any] = {of: bot.id}
            url = url_for(endpoint, slug=workspace.slug, **place)
            yield Hit(f"{bot.name}: {name}", url, "bot", "bot")


def _places(
    workspace: Workspace, places: tuple[Place, ...], can: Callable[[str], bool]
) -> Iterator[Hit]:
    for place in navigation.open_to(places, can):
        yield Hit(place.text, url_for(place.endpoint, slug=workspace.slug), place.icon, place.words)


def _actions(workspace: Workspace, can: Callable[[str], bool]) -> Iterator[Hit]:
    alone = workspace.kind == "personal"
    found = _places(workspace, navigation.ACTIONS, can)
    yield from (hit for hit in found if not (alone and hit.icon == "user-plus"))
    yield Hit("New organization workspace", url_for("workspaces.new"), "plus", "create team")
    yield Hit(
        "Your account",
        url_for("account.show"),
        "user-round",
        "password two-factor authentication name",
    )


def _commands() -> Iterator[Hit]:
    for theme, icon in (("light", "sun"), ("dark", "moon"), ("system", "monitor")):
        text = "match the system" if theme == "system" else theme
        yield Hit(f"Theme: {text}", "", icon, "switch mode colors appearance", theme)


def _others(workspace: Workspace) -> Iterator[Hit]:
    for row in workspaces.memberships_of(this_person().id):
        if row.workspace_id != workspace.id:
            url = url_for("home.show", slug=row.workspace.slug)
            yield Hit(row.workspace.name, url, words="workspace switch")


def _talks(workspace: Workspace, text: str) -> Hit:
    url = url_for("conversations.index", slug=workspace.slug, q=text[:100])
    return Hit(f"Search conversations for “{text}”", url, "messages-square")
