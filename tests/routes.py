"""Every address of the application, filled with things that exist: what tests of all routes walk over."""

import re
from dataclasses import dataclass

from flask import Flask

from core.accounts import invitations, password_resets
from core.accounts.actor import Actor
from core.accounts.models import Workspace
from core.accounts.roles import Role
from core.bots.appearance import avatars
from core.bots.models import Bot
from core.db import transaction, work_context
from core.gateway import tokens
from core.gateway.models import GatewayRequest, GatewayToken
from core.keys import checks, store
from core.knowledge import indexing, sources, unanswered
from core.plans import plans_of
from core.providers import catalogue
from core.webhooks import endpoints
from tests.bot_client import BotClient, make_bot, make_key
from tests.people import make_member
from tests.pictures import png
from tests.postbox import emails_to, token_in

LAST = (
    "gateway_tokens.revocation",
    "alerts.removal",
    "knowledge.deletion",
    "knowledge.dismiss",
    "conversations.deletion",
    "conversations.delete_found",
    "bots.deletion",
    "provider_keys.deletion",
    "people.removal",
    "people.departure",
    "auth.sign_out",
)
"""What ends things that the others need."""
_ARGUMENT = re.compile(r"<(?:\w+:)?(\w+)>")


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
        return _ARGUMENT.findall(self.rule)

    def url(self, values: dict[str, str]) -> str:
        return _ARGUMENT.sub(lambda found: values[found[1]], self.rule)


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
    bot_client: BotClient
    values: dict[str, str]
    """What stands in addresses, by the name of the argument."""


def set_stage(app: Flask, workspace: Workspace, bot: Bot | None = None) -> Stage:
    """Makes a bot on Mini (or takes this one) that has answered once, a key, and a check of it that waits."""
    bot = bot or make_bot(workspace)
    avatars.store(bot, png(), Actor("Owner"))
    bot_client = BotClient(app, bot)
    key = make_key(workspace, catalogue.byok_providers()[0].slug)
    check = checks.test_later(store.get(workspace.id, key.provider), Actor("Owner"))
    values = {
        "slug": workspace.slug,
        "bot_id": bot.id,
        "conversation_id": bot_client.conversation_id,
        "message_id": bot_client.say("Hello").message_id,
        "provider": key.provider,
        "check_id": check.id,
        "filename": "favicon.svg",
        "version": "0",
        "module": "chat/main.js",
        "model_id": "claude-haiku-4-5",
        "plan_key": next(iter(plans_of("organization"))).key,
        **_people_values(app, workspace),
        "delivery_id": _waiting_call(workspace),
        **_knowledge_values(workspace, bot),
    }
    return Stage(workspace, bot, bot_client, values)


def _waiting_call(workspace: Workspace) -> str:
    """A webhook, and a call of it that nobody has sent."""
    endpoints.set_url(workspace.id, "https://hooks.example/mevichat", Actor("Owner"))
    with transaction() as current:
        delivery_id = endpoints.add(current, workspace.id, "key.broken", {"provider": "OpenAI"})
    assert delivery_id
    return delivery_id


def _request_of(token: GatewayToken) -> str:
    """A request that was answered at the second try."""
    attempts = [
        {
            "provider": "anthropic",
            "source": "workspace",
            "status": 401,
            "kind": "rejected",
            "ms": 90,
        },
        {"provider": "bedrock", "source": "workspace", "status": 200, "kind": "", "ms": 700},
    ]
    made = GatewayRequest(
        workspace_id=token.workspace_id,
        token_id=token.id,
        route="chat",
        model_asked="claude-haiku-4-5",
        model_id="bedrock:claude-haiku-4-5",
        provider="bedrock",
        key_source="workspace",
        status=200,
        attempts=attempts,
        tokens_in=1_200,
        tokens_out=90,
        cost_microusd=1_650,
        latency_ms=840,
    )
    with transaction() as current:
        current.add(made)
    return made.id


def _knowledge_values(workspace: Workspace, bot: Bot) -> dict[str, str]:
    """A text that is ready, and a question that nothing answers."""
    source = sources.add_text(workspace, bot.id, "Shipping", "Two days.", Actor("Owner"))
    with work_context():
        indexing.run(source.id, source.attempt)
    unanswered.record(workspace.id, bot.id, "Do you ship to Norway?")
    return {"source_id": source.id, "unanswered_id": unanswered.open_of(bot.id)[0].id}


def _people_values(app: Flask, workspace: Workspace) -> dict[str, str]:
    """A colleague who forgot their password, and somebody who is invited."""
    secret_key, guest = app.config["SECRET_KEY"], "guest@example.com"
    colleague = make_member(workspace, "colleague")
    password_resets.request(colleague.person.email, secret_key)
    token, _ = tokens.create(workspace, colleague.person, "Agent", None, Actor("Owner"), secret_key)
    invited = invitations.invite(workspace, guest, Role.MEMBER, Actor("Owner"), secret_key)
    return {
        "member_id": colleague.id,
        "token_id": token.id,
        "request_id": _request_of(token),
        "invitation_id": invited.id,
        "invitation_token": token_in(emails_to(guest)[0]),
        "reset_token": token_in(emails_to(colleague.person.email)[0]),
    }
