"""Creates, changes, enables and disables bots, and says whether one can answer. Deleted bots are not found."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session, joinedload

from core.accounts import audit
from core.accounts.actor import Actor
from core.accounts.models import Workspace
from core.bots.answers.failure_messages import Reason
from core.bots.models import Bot
from core.bots.quota import rate_limits
from core.bots.retrieval import chunk_embeddings, query_embeddings
from core.bots.visitors import checked_origins
from core.db import changed_one, session, transaction
from core.errors import Invalid, NotFound, PlanDoesNotAllow
from core.keys import store
from core.keys.models import ProviderKey
from core.providers import catalogue, endpoints
from core.providers.catalogue import UnknownModel

MAX_NAME_LENGTH = 80
MAX_INSTRUCTIONS_LENGTH = 20_000
MAX_WELCOME_LENGTH = 500
MAX_STARTERS = 6
MAX_STARTER_LENGTH = 120
MAX_CUSTOM_TEXT_LENGTH = 300

_LOCK = {"of": Bot, "key_share": True}
"""Locks out other changes of the bot, but not its conversations."""
_GONE = "This workspace has no such bot."


@dataclass(frozen=True)
class Draft:
    """The settings of a bot as submitted, before validation."""

    name: str
    model: str = "mevichat:mini"
    instructions: str = ""
    welcome: str = ""
    starters: tuple[str, ...] = ()
    allowed_origins: tuple[str, ...] = ()
    caches: bool = True
    visitor_limit: int | str = 20
    address_limit: int | str = 120
    daily_limit: int | str = 0
    limit_text: str = ""
    only_knowledge: bool = True
    unknown_text: str = ""
    hybrid: bool = False


def create(workspace: Workspace, draft: Draft, actor: Actor) -> Bot:
    """Creates an enabled bot. Raises `Invalid` or `PlanDoesNotAllow`."""
    bot = Bot(workspace_id=workspace.id, **_checked(workspace, draft))
    if draft.hybrid:
        query_embeddings.require(workspace)
    with transaction() as current:
        current.add(bot)
        current.flush()
        _record(current, bot, actor, "bot.created", model=bot.model_id)
    return get(workspace.id, bot.id)


def change(workspace: Workspace, bot: Bot, draft: Draft, actor: Actor) -> None:
    """Changes a bot. It may keep a model that is blocked or gone, and semantic search, while others change."""
    values = _checked(workspace, draft, keeps=bot.model_id)
    enables_hybrid = draft.hybrid and not bot.hybrid
    if enables_hybrid:
        query_embeddings.require(workspace)
    with transaction() as current:
        stored = locked(current, bot.id)
        was = {name: getattr(stored, name) for name in values}
        changed = [name for name, value in values.items() if was[name] != value]
        if changed:
            current.execute(update(Bot).where(Bot.id == bot.id).values(**values))
            raise_version(current, bot.id)
            record_change(current, stored, actor, changed, was)
    if enables_hybrid:
        chunk_embeddings.embed_bot_later(bot.id)


def locked(current: Session, bot_id: str) -> Bot:
    """The current bot, locked against other changes until the transaction ends."""
    stored = current.get(Bot, bot_id, populate_existing=True, with_for_update=_LOCK)
    if stored is None or stored.deleted_at:
        raise NotFound(_GONE)
    return stored


def raise_version(current: Session, bot_id: str) -> None:
    """Invalidates cached answers: called with every change of the bot or its knowledge."""
    current.execute(update(Bot).where(Bot.id == bot_id).values(version=Bot.version + 1))


def record_change(
    current: Session, bot: Bot, actor: Actor, changed: list[str], was: dict[str, Any]
) -> None:
    """Audits which fields changed, with the old name and model, but none of the bot's texts."""
    details: dict[str, Any] = {"fields": sorted(changed)}
    if "name" in changed:
        details["name_was"] = was["name"]
    if "model_id" in changed:
        details |= {"was": was["model_id"], "now": bot.model_id}
    _record(current, bot, actor, "bot.changed", **details)


def set_enabled(bot: Bot, enabled: bool, actor: Actor) -> None:
    with transaction() as current:
        switched = update(Bot).where(Bot.id == bot.id, Bot.enabled != enabled)
        if changed_one(current, switched.values(enabled=enabled)):
            _record(current, bot, actor, "bot.enabled" if enabled else "bot.disabled")


def _record(current: Session, bot: Bot, actor: Actor, action: str, **details: Any) -> None:
    audit.record(current, bot.workspace_id, actor, action, bot.id, name=bot.name, **details)


def get(workspace_id: str, bot_id: str) -> Bot:
    found = session().get(Bot, bot_id)
    if found is None or found.workspace_id != workspace_id or found.deleted_at:
        raise NotFound(_GONE)
    return found


def bots_of(workspace_id: str) -> list[Bot]:
    """The workspace's bots, oldest first, each with the sites it was seen on."""
    conditions = Bot.workspace_id == workspace_id, Bot.deleted_at.is_(None)
    query = select(Bot).where(*conditions).order_by(Bot.created_at, Bot.id)
    return list(session().scalars(query.options(joinedload(Bot.sites_seen))).unique())


def names_answering_through(workspace_id: str, provider: str) -> list[str]:
    """The enabled bots that stop answering when that provider's key fails."""
    found = bots_of(workspace_id)
    return [bot.name for bot in found if bot.enabled and bot.model and bot.provider == provider]


def blocked_reason(
    model: catalogue.Model | None, workspace: Workspace, key: ProviderKey | None
) -> str:
    """The first reason why a bot on this model can't answer, or ""."""
    if model is None:
        return Reason.model_gone
    if not workspace.plan.allows_tier(model.bot_tier):
        return Reason.model_not_on_plan
    return "" if model.provider == endpoints.MINI else store.unusable_reason(key, workspace)


def _checked(workspace: Workspace, draft: Draft, keeps: str = "") -> dict[str, object]:
    return {
        "name": _bounded("name", " ".join(draft.name.split()), MAX_NAME_LENGTH, shortest=1),
        "model_id": _checked_model(workspace, draft.model, keeps),
        "instructions": _bounded(
            "instructions", draft.instructions.strip(), MAX_INSTRUCTIONS_LENGTH
        ),
        "welcome": _bounded("welcome", draft.welcome.strip(), MAX_WELCOME_LENGTH),
        "starters": _checked_starters(draft.starters),
        "allowed_origins": checked_origins(list(draft.allowed_origins)),
        "caches": draft.caches,
        "only_knowledge": draft.only_knowledge,
        "hybrid": draft.hybrid,
        "unknown_text": _custom_text("message", draft.unknown_text, "unknown_text"),
        **_checked_limits(draft),
    }


def _checked_limits(draft: Draft) -> dict[str, object]:
    return {
        "visitor_limit": rate_limits.checked(
            draft.visitor_limit, "the messages per visitor per minute", "visitor_limit"
        ),
        "address_limit": rate_limits.checked(
            draft.address_limit, "the messages per IP address per hour", "address_limit"
        ),
        "daily_limit": rate_limits.checked(
            draft.daily_limit, "the messages per day for this bot", "daily_limit"
        ),
        "limit_text": _custom_text("message", draft.limit_text, "limit_text"),
    }


def _custom_text(what: str, text: str, field: str) -> str:
    """A custom message to visitors, on one line; "" keeps the default."""
    return _bounded(what, " ".join(text.split()), MAX_CUSTOM_TEXT_LENGTH, field=field)


def _bounded(what: str, text: str, longest: int, shortest: int = 0, field: str = "") -> str:
    if not shortest <= len(text) <= longest:
        sentence = f"The {what} can have {shortest} to {longest} characters; this has {len(text)}."
        raise Invalid(sentence, field=field or what)
    return text


def _checked_model(workspace: Workspace, text: str, keeps: str) -> str:
    if keeps and text == keeps:
        return keeps
    try:
        model = catalogue.find_model(text)
    except UnknownModel as error:
        raise Invalid(str(error), field="model") from None
    if model.id != keeps and model.bot_tier is None:
        usable = ", ".join(model.name for model in catalogue.bot_models())
        raise Invalid(
            f"{model.name} is only available through the gateway. Bots can use {usable}.",
            field="model",
        )
    if model.id != keeps and not workspace.plan.allows_tier(model.bot_tier):
        raise PlanDoesNotAllow(f"{model.name} isn’t included in the {workspace.plan.name} plan.")
    return model.id


def _checked_starters(lines: tuple[str, ...]) -> list[str]:
    starters = [line.strip() for line in lines if line.strip()]
    if len(starters) > MAX_STARTERS:
        sentence = f"A bot can have at most {MAX_STARTERS} starter questions."
        raise Invalid(sentence, field="starters")
    return [
        _bounded("starter question", line, MAX_STARTER_LENGTH, field="starters")
        for line in starters
    ]
