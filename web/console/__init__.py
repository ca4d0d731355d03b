"""The console: a package or module for each page, in the order of the navigation."""

from web.console import home, people, search, settings, workspaces
from web.console.alerts import views as alerts
from web.console.audit import views as audit_log
from web.console.bots import appearance, install, trial
from web.console.bots import views as bots
from web.console.conversations import views as conversations
from web.console.gateway import models, requests, setup, tokens, try_it
from web.console.keys import views as provider_keys
from web.console.knowledge import forms, workspace_views
from web.console.knowledge import views as knowledge
from web.console.plan import balance, quota
from web.console.plan import views as plan
from web.console.usage import views as usage

BLUEPRINTS = (
    home.pages,
    bots.pages,
    trial.pages,
    install.pages,
    appearance.pages,
    forms.pages,
    knowledge.pages,
    conversations.pages,
    workspace_views.pages,
    provider_keys.pages,
    tokens.pages,
    setup.pages,
    models.pages,
    requests.pages,
    try_it.pages,
    usage.pages,
    people.pages,
    plan.pages,
    quota.pages,
    balance.pages,
    audit_log.pages,
    settings.pages,
    alerts.pages,
    workspaces.pages,
    search.pages,
)
