"""Plan limits on knowledge, checked in the transaction that adds it."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from core.accounts import audit
from core.accounts.models import Workspace
from core.db import session
from core.errors import Invalid
from core.knowledge.models import REMOVED, Source


@dataclass(frozen=True)
class Used:
    sources: int
    characters: int


def used(workspace_id: str) -> Used:
    """The knowledge that a workspace has now."""
    sums = select(func.count(), func.coalesce(func.sum(Source.characters), 0))
    count, characters = session().execute(sums.where(*_of(workspace_id))).one()
    return Used(count, int(characters))


def check_one_more(current: Session, workspace: Workspace) -> None:
    """Raises `Invalid` if the plan has no room for another source. Others wait for the commit."""
    audit.lock_workspace(current, workspace.id)
    plan = workspace.plan
    count = current.scalar(select(func.count(Source.id)).where(_of(workspace.id))) or 0
    if count >= plan.sources:
        raise Invalid(
            f"The {plan.name} plan includes {plan.sources:,} sources, and this workspace has "
            f"{count:,}. Delete some or upgrade."
        )


def over_limit_reason(
    current: Session, workspace: Workspace, source_id: str, characters: int
) -> str:
    """Why one source with so many characters exceeds the plan's limit; "" if it doesn't."""
    audit.lock_workspace(current, workspace.id)
    others = _of(workspace.id) & (Source.id != source_id)
    used = current.scalar(select(func.sum(Source.characters)).where(others)) or 0
    plan = workspace.plan
    if used + characters <= plan.characters:
        return ""
    return (
        f"The {plan.name} plan includes {plan.characters:,} characters of knowledge. This source has "
        f"{characters:,}, and the other sources have {used:,}. Delete some or upgrade."
    )


def _of(workspace_id: str) -> ColumnElement[bool]:
    return (Source.workspace_id == workspace_id) & (Source.status != REMOVED)
