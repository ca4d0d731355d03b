"""The console, one module a noun, in the order of the navigation."""

from web.console import (
    alerts,
    audit_log,
    bots,
    conversations,
    home,
    people,
    plan,
    provider_keys,
    settings,
    workspaces,
)

BLUEPRINTS = (
    home.pages,
    bots.pages,
    conversations.pages,
    provider_keys.pages,
    people.pages,
    plan.pages,
    audit_log.pages,
    settings.pages,
    alerts.pages,
    workspaces.pages,
)
