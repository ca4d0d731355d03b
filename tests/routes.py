"""Every address of the application, filled with things that exist: what tests of all routes walk over."""

from dataclasses import dataclass

from flask import Flask

from core.accounts.models import Workspace
from core.bots.models import Bot
from core.keys import checks, life
from core.providers import catalogue
from tests.talking import Talker, make_bot, make_key

from core.plans import plans_of
LAST = ("bots.deletion", "provider_keys.deletion", "auth.sign_out")
"""What ends things that the others need."""


@dataclass(frozen=True)
class Route:
    endpoint: str
    method: str
    rule: str
    guard: str

    @property
    def is_api(self) -> bool:
        return self.rule.startswith("/v1/")

    @property
    def arguments(self) -> list[str]:
        return [part[1:-1].rpartition(":")[2] for part in self.rule.split("/") if part[:1] == "<"]

    def url(self, values: dict[str, str]) -> str:
        parts = (
            values[part[1:-1].rpartition(":")[2]] if part[:1] == "<" else part
            for part in self.rule.split("/")
        )
        return "/".join(parts) or "/"


def routes(app: Flask) -> list[Route]:
    """One for each address and method, in an order in which all can be asked."""
    found = [
        Route(rule.endpoint, method, str(rule), app.view_functions[rule.endpoint].guard)
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or ()) & {"GET", "POST"}
    ]
    return sorted(found, key=lambda route: (_rank(route), route.rule, route.method))


def _rank(route: Route) -> int:
    ends = route.method == "POST" and route.endpoint in LAST
    return 1 + LAST.index(route.endpoint) if ends else 0


@dataclass(frozen=True)
class Stage:
    """A workspace with one of everything."""

    workspace: Workspace
    bot: Bot
    talker: Talker
    values: dict[str, str]
    """What stands in addresses, by the name of the argument."""


def set_stage(app: Flask, workspace: Workspace) -> Stage:
    """Makes a bot on Mini that has answered once, a key, and a check of it that waits."""
    bot = make_bot(workspace)
    talker = Talker(app, bot)
    key = make_key(workspace, catalogue.byok_providers()[0].slug)
    check = checks.check_key_later(life.get(workspace.id, key.provider), "Owner")
    values = {
        "slug": workspace.slug,
        "bot_id": bot.id,
        "conversation_id": talker.conversation_id,
        "message_id": talker.say("Hello").message_id,
        "provider": key.provider,
        "check_id": check.id,
        "filename": "favicon.svg",
    }
    return Stage(workspace, bot, talker, values)
        "plan_key": next(iter(plans_of("organization"))).key,
