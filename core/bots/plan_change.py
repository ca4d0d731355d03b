"""Changes a plan: which bots the new plan blocks, and moving those to Mini in the same transaction."""

from collections.abc import Iterable

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core.accounts import workspaces
from core.accounts.actor import Actor
from core.accounts.models import Workspace
from core.bots import bots
from core.bots.bots import Draft
from core.bots.models import Bot
from core.db import transaction
from core.errors import Conflict
from core.plans import Plan

MINI_MODEL = Draft.model
"""The model that every plan includes."""

_CHANGED_BY_SOMEONE_ELSE = "Someone else changed the plan. Your change was not saved."


def blocked_by(plan: Plan, candidates: Iterable[Bot]) -> list[Bot]:
    """The bots whose model is gone or not part of the plan, and which therefore can't answer."""
    return [bot for bot in candidates if not plan.allows_tier(bot.tier)]


def change(workspace: Workspace, plan: Plan, seen: str, to_mini: bool, actor: Actor) -> list[str]:
    """Changes the plan if it is still the one that was `seen`; else raises `Conflict`.

    `to_mini` moves every bot that the plan blocks to Mini, including new ones. Returns their names.
    """
    with transaction() as current:
        if not workspaces.move(current, workspace, seen, plan):
            raise Conflict(_CHANGED_BY_SOMEONE_ELSE)
        blocked = blocked_by(plan, _locked(current, workspace)) if to_mini else []
        was = {bot.id: bot.model_id for bot in blocked}
        to_mini_model = {"model_id": MINI_MODEL, "version": Bot.version + 1}
        current.execute(update(Bot).where(Bot.id.in_(was)).values(to_mini_model))
        workspaces.record_plan(current, workspace, actor, seen, plan)
        for bot in blocked:
            bots.record_change(current, bot, actor, ["model_id"], {"model_id": was[bot.id]})
    return [bot.name for bot in blocked]


def _locked(current: Session, workspace: Workspace) -> list[Bot]:
    """The workspace's current bots, locked against other changes until the transaction ends."""
    here = Bot.workspace_id == workspace.id, Bot.deleted_at.is_(None)
    found = select(Bot).where(*here).order_by(Bot.created_at, Bot.id)
    locking = found.with_for_update(of=Bot, key_share=True)
    return list(current.scalars(locking.execution_options(populate_existing=True)))
