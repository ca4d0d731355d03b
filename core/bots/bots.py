"""A bot: made, changed, switched, deleted; and whether it can answer now."""

from dataclasses import dataclass

from sqlalchemy import delete, select, update

from core.accounts.models import Workspace
from core.bots.models import Bot
from core.bots.visitors import checked_origins
from core.db import session, transaction
from core.errors import Invalid, NotFound, PlanDoesNotAllow
from core.keys import life
from core.keys.models import ProviderKey
from core.providers import catalogue, endpoints
from core.providers.catalogue import UnknownModel

LONGEST_NAME = 80
LONGEST_INSTRUCTIONS = 20_000
LONGEST_WELCOME = 500
MOST_STARTERS = 6
LONGEST_STARTER = 120


@dataclass(frozen=True)
class Draft:
    """What a person chose for a bot, before it was checked."""

    name: str
    model: str = "mevichat:mini"
    instructions: str = ""
    welcome: str = ""
    starters: tuple[str, ...] = ()
    allowed_origins: tuple[str, ...] = ()


def create(workspace: Workspace, draft: Draft) -> Bot:
    """Raises `Invalid` or `PlanDoesNotAllow`; the bot is on from the start."""
    bot = Bot(workspace_id=workspace.id, **_checked(workspace, draft))
    with transaction() as current:
        current.add(bot)
    return get(workspace.id, bot.id)


def change(workspace: Workspace, bot: Bot, draft: Draft) -> None:
    """A bot that stands on a blocked model may keep it while other things change."""
    values = _checked(workspace, draft, keeps=bot.model_id)
    _update(bot, values)


def set_enabled(bot: Bot, enabled: bool) -> None:
    _update(bot, {"enabled": enabled})


def remove(bot: Bot) -> None:
    """Deletes the bot with its conversations."""
    with transaction() as current:
        current.execute(delete(Bot).where(Bot.id == bot.id))


def get(workspace_id: str, bot_id: str) -> Bot:
    found = session().get(Bot, bot_id)
    if found is None or found.workspace_id != workspace_id:
        raise NotFound("There is no such bot in this workspace.")
    return found


def bots_of(workspace_id: str) -> list[Bot]:
    rows = session().scalars(
        select(Bot).where(Bot.workspace_id == workspace_id).order_by(Bot.created_at, Bot.id)
    )
    return list(rows)


def why_blocked(model: catalogue.Model, workspace: Workspace, key: ProviderKey | None) -> str:
    """The first reason why a bot on this model cannot answer, or "". A pure decision."""
    if not workspace.plan.allows_tier(model.bot_tier):
        return "model_not_on_plan"
    return "" if model.provider == endpoints.MINI else life.why_unusable(key, workspace)


def _update(bot: Bot, values: dict[str, object]) -> None:
    with transaction() as current:
        current.execute(update(Bot).where(Bot.id == bot.id).values(**values))


def _checked(workspace: Workspace, draft: Draft, keeps: str = "") -> dict[str, object]:
    return {
        "name": _bounded("name", " ".join(draft.name.split()), LONGEST_NAME, shortest=1),
        "model_id": _checked_model(workspace, draft.model, keeps),
        "instructions": _bounded("instructions", draft.instructions.strip(), LONGEST_INSTRUCTIONS),
        "welcome": _bounded("welcome", draft.welcome.strip(), LONGEST_WELCOME),
        "starters": _checked_starters(draft.starters),
        "allowed_origins": checked_origins(list(draft.allowed_origins)),
    }


def _bounded(what: str, text: str, longest: int, shortest: int = 0) -> str:
    if not shortest <= len(text) <= longest:
        raise Invalid(
            f"The {what} can have {shortest} to {longest} characters; this has {len(text)}."
        )
    return text


def _checked_model(workspace: Workspace, text: str, keeps: str) -> str:
    try:
        model = catalogue.find_model(text)
    except UnknownModel as error:
        raise Invalid(str(error)) from None
    if model.id != keeps and not workspace.plan.allows_tier(model.bot_tier):
        raise PlanDoesNotAllow(f"{model.name} is not part of the {workspace.plan.name} plan.")
    return model.id


def _checked_starters(lines: tuple[str, ...]) -> list[str]:
    starters = [line.strip() for line in lines if line.strip()]
    if len(starters) > MOST_STARTERS:
        raise Invalid(f"A bot can have at most {MOST_STARTERS} starter questions.")
    return [_bounded("starter question", line, LONGEST_STARTER) for line in starters]
