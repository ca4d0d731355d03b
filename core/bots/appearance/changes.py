"""Changes an appearance: reads the form, validates it, and stores it with an audit entry."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from sqlalchemy import update
from sqlalchemy.orm import Session

from core.accounts import audit
from core.accounts.actor import Actor
from core.accounts.models import Workspace
from core.bots.appearance import contrast
from core.bots.appearance.appearance import DEFAULTS, FACTS, Appearance, appearance_of
from core.bots.appearance.contrast import Problem
from core.bots.models import Bot
from core.db import transaction
from core.errors import Invalid, NotFound, PlanDoesNotAllow
from core.plans import plans_of

LOCK = {"of": Bot, "key_share": True}


def read(typed: Mapping[str, Any], before: Appearance) -> tuple[Appearance, list[Problem]]:
    """The appearance from a submitted form, and its problems.

    A field that is missing or invalid keeps its previous value.
    """
    values = before.model_dump() | {name: typed[name] for name in FACTS if name in typed}
    try:
        appearance, found = Appearance.model_validate(values), []
    except ValidationError as error:
        wrong = {str(problem["loc"][0]): _problem(problem) for problem in error.errors()}
        kept = {name: getattr(before, name) for name in wrong}
        appearance, found = Appearance.model_validate(values | kept), list(wrong.values())
    return appearance, [*found, *contrast.problems(appearance)]


def save(workspace: Workspace, bot: Bot, appearance: Appearance, actor: Actor) -> None:
    """Raises `Invalid` for unreadable colors, and `PlanDoesNotAllow` if the plan can't hide our name."""
    for problem in contrast.problems(appearance):
        raise Invalid(problem.sentence, field=problem.field)
    with transaction() as current:
        stored = locked(current, bot)
        if appearance_of(stored).powered_by and not appearance.powered_by:
            _require_hiding(workspace)
        put(current, stored, appearance, actor)


def reset(bot: Bot, actor: Actor) -> None:
    """Resets everything to the defaults. An uploaded avatar is kept for later."""
    with transaction() as current:
        put(current, locked(current, bot), DEFAULTS, actor)


def locked(current: Session, bot: Bot) -> Bot:
    stored = current.get(Bot, bot.id, populate_existing=True, with_for_update=LOCK)
    if stored is None:
        raise NotFound("This workspace has no such bot.")
    return stored


def put(current: Session, stored: Bot, appearance: Appearance, actor: Actor) -> None:
    """Writes the appearance of a locked bot if it changed."""
    was = appearance_of(stored)
    fields = sorted(name for name in FACTS if getattr(was, name) != getattr(appearance, name))
    if not fields:
        return
    current.execute(update(Bot).where(Bot.id == stored.id).values({Bot.look: appearance.changed()}))
    audit.record(
        current, stored.workspace_id, actor, "bot.look_changed", stored.id,
        name=stored.name, fields=fields,
    )  # fmt: skip


def _require_hiding(workspace: Workspace) -> None:
    if not workspace.plan.hides_our_name:
        others = [plan.name for plan in plans_of(workspace.kind) if plan.hides_our_name]
        hint = f" You can hide it on {' and '.join(others)}." if others else ""
        raise PlanDoesNotAllow(
            f"“Powered by Mevichat” stays on the {workspace.plan.name} plan.{hint}"
        )


def _problem(error: ErrorDetails) -> Problem:
    name = str(error["loc"][0])
    return Problem(name, _sentence(FACTS[name], error))


def _sentence(facts: Mapping[str, Any], error: ErrorDetails) -> str:
    title = facts["title"]
    if "minimum" in facts:
        return f"{title}: a whole number from {facts['minimum']} to {facts['maximum']}."
    if error["type"] == "string_too_long":
        most, length = facts["maxLength"], len(str(error["input"]))
        return f"{title}: {most} characters at most; this has {length}."
    if error["type"] == "value_error":
        return f"{title}: {error['ctx']['error']}"
    return f"{title}: choose one of the options."
