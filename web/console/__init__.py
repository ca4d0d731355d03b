"""The console, one module a noun, in the order of the navigation."""

from web.console import (
    alerts,
    audit_log,
    bots,
    conversations,
    gateway_setup,
    gateway_tokens,
    home,
    knowledge,
    knowledge_forms,
    message_quota,
    people,
    plan,
    provider_keys,
    settings,
    usage,
    workspaces,
)

BLUEPRINTS = (
    home.pages,
    bots.pages,
    knowledge_forms.pages,
    knowledge.pages,
    conversations.pages,
    provider_keys.pages,
    gateway_tokens.pages,
    gateway_setup.pages,
    usage.pages,
    people.pages,
    plan.pages,
    message_quota.pages,
    audit_log.pages,
    settings.pages,
    alerts.pages,
    workspaces.pages,
)
