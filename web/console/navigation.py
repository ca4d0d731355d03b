"""The console's pages in the order of the navigation, for the sidebar and the command palette."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from flask import Flask


@dataclass(frozen=True)
class Place:
    """A page of any workspace. `words` are additional search terms."""

    text: str
    icon: str
    endpoint: str
    permission: str
    section: str = ""
    """For entries of the sidebar: the page's {% set section = … %}."""
    words: str = ""


MAIN = (
    Place("Home", "house", "home.show", "workspace.read", "home", "dashboard overview start"),
    Place("Bots", "bot", "bots.index", "bots.read", "bots", "widget chat"),
    Place(
        *("Conversations", "messages-square", "conversations.index"),
        *("conversations.read", "conversations", "messages talks visitors export"),
    ),
    Place(
        *("Knowledge", "book-open-text", "all_knowledge.index"),
        *("bots.read", "knowledge", "sources files documents pages training"),
    ),
    Place(
        *("Provider keys", "key-round", "provider_keys.index"),
        *("keys.read", "keys", "api openai anthropic claude gpt rotate replace"),
    ),
    Place(
        *("Gateway", "waypoints", "gateway_tokens.index"),
        *("gateway.use", "gateway", "tokens programs agents api"),
    ),
    Place(
        *("Usage", "chart-column", "usage.index"),
        *("usage.read", "usage", "costs tokens spending statistics csv"),
    ),
    Place("People", "users", "people.index", "people.read", "people", "members team roles"),
    Place(
        *("Plan & balance", "gauge", "plan.show"),
        *("plan.read", "plan", "billing upgrade downgrade limits"),
    ),
    Place("Audit log", "scroll-text", "audit_log.index", "audit.read", "audit", "history changes"),
    Place(
        *("Settings", "settings", "settings.show"),
        *("workspace.read", "settings", "name retention limit workspace"),
    ),
)
"""Listed in the sidebar."""

DEEPER = (
    Place("Gateway: setup", "waypoints", "gateway_setup.show", "gateway.use", words="snippets sdk"),
    Place("Gateway: models", "waypoints", "gateway_models.index", "gateway.use", words="prices"),
    Place("Gateway: which key?", "waypoints", "gateway_models.route", "gateway.use", words="route"),
    Place(
        *("Gateway: provider order", "waypoints", "gateway_models.key_order", "keys.manage"),
        words="routing first",
    ),
    Place("Gateway: requests", "waypoints", "gateway_requests.index", "gateway.use", words="log"),
    Place("Gateway: try it", "waypoints", "gateway_try.show", "gateway.use", words="prompt"),
    Place("Balance", "gauge", "balance.show", "plan.read", words="money ledger top up credit"),
    Place(
        *("Messages this month", "gauge", "message_quota.show", "plan.read"), words="quota counted"
    ),
    Place("Alerts", "bell", "alerts.index", "alerts.manage", words="webhook email notifications"),
)
"""Pages below those, listed only in the palette."""

ACTIONS = (
    Place("New bot", "plus", "bots.new", "bots.manage", words="make create add"),
    Place(
        *("Add a provider key", "key-round", "provider_keys.new", "keys.manage"),
        words="new paste openai anthropic",
    ),
    Place(
        *("Invite a person", "user-plus", "people.new_invitation", "people.manage"),
        words="new member person colleague",
    ),
    Place("New gateway token", "waypoints", "gateway_tokens.new", "gateway.use", words="make api"),
)
"""Forms that can be opened from anywhere."""


def register(app: Flask) -> None:
    app.context_processor(lambda: {"main_places": MAIN})


def open_to(places: Iterable[Place], can: Callable[[str], bool]) -> list[Place]:
    return [place for place in places if can(place.permission)]
