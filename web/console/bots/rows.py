"""A bot as lists show it, and the models that its form offers, each with why it can't be chosen."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import url_for

from core import clock, ordering
from core.accounts.models import Workspace
from core.bots import bots
from core.bots.answers import failure_messages
from core.bots.answers.failure_messages import Reason
from core.bots.conversations import reading as conversations
from core.bots.models import Bot
from core.keys.models import ProviderKey
from core.ordering import Order
from core.plans import PLANS
from core.providers import catalogue, endpoints
from core.providers.catalogue import Model
from core.usage import reading
from core.usage.reading import Use
from web.console import request_cache, retiring_models

_WORDS = {"answering": "Answering", "off": "Off", "blocked": "Not answering"}


@dataclass(frozen=True)
class BotRow:
    id: str
    name: str
    enabled: bool
    model_name: str
    provider_name: str
    retirement: str
    state: str
    sentence: str
    messages_this_month: int
    last_message_at: datetime | None
    chat_url: str

    @property
    def state_word(self) -> str:
        return _WORDS[self.state]


@dataclass(frozen=True)
class ModelChoice:
    id: str
    name: str
    available: bool
    why_not: str
    checked: bool
    provider_name: str = ""
    fix_url: str = ""
    fix_text: str = "Go to provider keys"
    price: str = ""
    retirement: str = ""
    retired: bool = False
    lacking: str = ""
    """If the provider says the key lacks access to it; the model can still be chosen."""


COLUMNS = ("made", "name", "state", "model", "-messages", "-last")
_STATES = ("blocked", "answering", "off")
_BY: dict[str, Callable[[BotRow], Any]] = {
    "made": lambda row: 0,
    "name": lambda row: row.name.casefold(),
    "state": lambda row: _STATES.index(row.state),
    "model": lambda row: row.model_name.casefold(),
    "messages": lambda row: row.messages_this_month,
    "last": lambda row: row.last_message_at,
}


def rows_of(workspace: Workspace) -> list[BotRow]:
    keys, last_at = _keys(workspace), conversations.last_by_bot(workspace.id)
    used = reading.by_bot(workspace.id, clock.start_of_period(clock.now()).date())
    return [
        _row(bot, workspace, keys, used.get(bot.id, Use()).answered, last_at.get(bot.id))
        for bot in request_cache.bots_of(workspace)
    ]


def in_order(rows: list[BotRow], order: Order) -> list[BotRow]:
    """Sorts the rows; `made` is the order of creation, in which they come."""
    return ordering.in_rows(order, rows, _BY)


def row_of(workspace: Workspace, bot: Bot) -> BotRow:
    return _row(bot, workspace, _keys(workspace))


def choices(workspace: Workspace, chosen: str, bot: Bot | None = None) -> list[ModelChoice]:
    """Every model that a bot could have on some plan, those of this plan first.

    If the bot's current model was retired, it comes first and stays selectable until another is
    chosen.
    """
    keys = _keys(workspace)
    offered = [_choice(model, workspace, keys, chosen) for model in catalogue.bot_models()]
    gone = [_gone(bot.model_id, chosen)] if bot and bot.model is None else []
    return gone + sorted(offered, key=lambda choice: not choice.available)


def _keys(workspace: Workspace) -> dict[str, ProviderKey]:
    return {key.provider: key for key in request_cache.keys_of(workspace)}


def _row(
    bot: Bot,
    workspace: Workspace,
    keys: dict[str, ProviderKey],
    answered: int = 0,
    last_at: datetime | None = None,
) -> BotRow:
    reason = bots.blocked_reason(bot.model, workspace, keys.get(bot.provider))
    model_name, provider_name = failure_messages.names(bot.model_id)
    state = "off" if not bot.enabled else "blocked" if reason else "answering"
    return BotRow(
        id=bot.id,
        name=bot.name,
        enabled=bot.enabled,
        model_name=model_name,
        provider_name=provider_name if bot.model and bot.provider != endpoints.MINI else "",
        retirement=retiring_models.mark(bot.model),
        state=state,
        sentence=failure_messages.for_owner(reason, bot.model_id) if state == "blocked" else "",
        messages_this_month=answered,
        last_message_at=last_at,
        chat_url=url_for("chat.show", bot_id=bot.id, _external=True),
    )


def _choice(
    model: Model, workspace: Workspace, keys: dict[str, ProviderKey], chosen: str
) -> ModelChoice:
    on_plan = workspace.plan.allows_tier(model.bot_tier)
    reason = bots.blocked_reason(model, workspace, keys.get(model.provider))
    provider = catalogue.provider(model.provider)
    keys_url = url_for("provider_keys.index", slug=workspace.slug)
    mini = model.provider == endpoints.MINI
    return ModelChoice(
        id=model.id,
        name=model.name,
        provider_name="" if mini else provider.name,
        available=not reason,
        why_not=_why_not(model, workspace, reason),
        fix_url=keys_url if reason and on_plan else "",
        price="Included in every plan; no key needed." if mini else _price(model),
        retirement=retiring_models.mark(model),
        retired=retiring_models.is_over(model),
        checked=model.id == chosen,
        lacking=_lacking(model, keys.get(model.provider)),
    )


def _gone(model_id: str, chosen: str) -> ModelChoice:
    why_not = "No longer available, so this bot can’t answer. Choose another model."
    return ModelChoice(model_id, model_id, False, why_not, checked=model_id == chosen)


def _lacking(model: Model, key: ProviderKey | None) -> str:
    if key is None or model.id not in key.unavailable_models:
        return ""
    return f"Your {catalogue.provider(model.provider).name} key doesn’t have access to this model."


def _why_not(model: Model, workspace: Workspace, reason: str) -> str:
    if reason == Reason.model_not_on_plan:
        return f"Requires {_plans_with(model, workspace.kind)}."
    return failure_messages.for_owner(reason, model.id)


def _plans_with(model: Model, kind: str) -> str:
    """The plans that include a model; those of organizations if no plan of this kind does."""
    having = [plan for plan in PLANS.values() if plan.allows_tier(model.bot_tier)]
    names = [plan.name for plan in having if plan.kind == kind]
    if names:
        return " or ".join(names)
    return "an organization on " + " or ".join(plan.name for plan in having)


def _price(model: Model) -> str:
    dollars_in = model.price_in_microusd_per_mtok / 1_000_000
    dollars_out = model.price_out_microusd_per_mtok / 1_000_000
    return f"${dollars_in:.2f} in and ${dollars_out:.2f} out per million tokens, billed by the provider."
