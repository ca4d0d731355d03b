"""How a look is changed: read from what a person typed, checked, stored with its line of the audit log."""

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
    """The look of what was typed, and what is wrong with it. A field that cannot be used stays as it was
    before, and one that was not sent too."""
    values = before.model_dump() | {name: typed[name] for name in FACTS if name in typed}
    try:
        look, found = Appearance.model_validate(values), []
    except ValidationError as error:
        wrong = {str(problem["loc"][0]): _problem(problem) for problem in error.errors()}
        kept = {name: getattr(before, name) for name in wrong}
        look, found = Appearance.model_validate(values | kept), list(wrong.values())
    return look, [*found, *contrast.problems(look)]


def save(workspace: Workspace, bot: Bot, look: Appearance, actor: Actor) -> None:
    """Raises `Invalid` where something cannot be read, `PlanDoesNotAllow` for what the plan does not hide."""
    for problem in contrast.problems(look):
        raise Invalid(problem.sentence, field=problem.field)
    with transaction() as current:
        stored = locked(current, bot)
        if appearance_of(stored).powered_by and not look.powered_by:
            _require_hiding(workspace)
        put(current, stored, look, actor)


def reset(bot: Bot, actor: Actor) -> None:
    """Everything as it is without a look of one's own; an uploaded picture stays, for later."""
    with transaction() as current:
        put(current, locked(current, bot), DEFAULTS, actor)


def locked(current: Session, bot: Bot) -> Bot:
    stored = current.get(Bot, bot.id, populate_existing=True, with_for_update=LOCK)
    if stored is None:
        raise NotFound("This workspace has no such bot.")
    return stored


def put(current: Session, stored: Bot, look: Appearance, actor: Actor) -> None:
    """Writes the look of a locked bot, if it is another one."""
    was = appearance_of(stored)
    fields = sorted(name for name in FACTS if getattr(was, name) != getattr(look, name))
    if not fields:
        return
    current.execute(update(Bot).where(Bot.id == stored.id).values(look=look.changed()))
    audit.record(
        current, stored.workspace_id, actor, "bot.look_changed", stored.id,
        name=stored.name, fields=fields,
    )  # fmt: skip


def _require_hiding(workspace: Workspace) -> None:
    if not workspace.plan.hides_our_name:
        others = [plan.name for plan in plans_of(workspace.kind) if plan.hides_our_name]
        way_out = f" You can hide it on {' and '.join(others)}." if others else ""
        raise PlanDoesNotAllow(
            f"“Powered by Mevichat” stays on the {workspace.plan.name} plan.{way_out}"
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
