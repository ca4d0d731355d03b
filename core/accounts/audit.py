"""The audit log: who changed what, when, from where. Append-only, one chain of seals a workspace.

A line is written in the transaction of the change it tells of: if it cannot be written, nothing
changes. Each seal is an HMAC over the line and the seal before it, the head's is over the count, so
that a changed, removed or cut-off line shows (`verify`). The database itself refuses to change lines.
"""

import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, partial
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, func, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from core import clock
from core.accounts.actor import Actor
from core.db import Model, insert_new, session
from core.errors import Unreadable
from core.secrets import deployment_secrets

Keys = Callable[[int], bytes]
"""The secret of a generation; raises `Unreadable`."""

SECRET = "audit-chain"  # noqa: S105  (its name, not its value)


class AuditLine(Model):
    """One act. `details` are short facts by name, never a secret: a mask at most."""

    __tablename__ = "audit_lines"
    __table_args__ = (Index("ix_audit_lines_workspace_time", "workspace_id", "at"),)

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspaces.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(default=clock.now)
    actor: Mapped[str] = mapped_column(String(100))
    actor_id: Mapped[str] = mapped_column(String(32), default="")
    origin: Mapped[str] = mapped_column(String(64), default="")
    action: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str] = mapped_column(String(254), default="")
    details: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    generation: Mapped[int] = mapped_column()
    seal: Mapped[str] = mapped_column(String(64))


class AuditHead(Model):
    """How long a workspace's chain is, and a seal over that."""

    __tablename__ = "audit_heads"

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspaces.id"), primary_key=True)
    count: Mapped[int] = mapped_column(default=0)
    generation: Mapped[int] = mapped_column(default=0)
    seal: Mapped[str] = mapped_column(String(64), default="")


@dataclass(frozen=True)
class Verdict:
    """What `verify` found in one workspace's chain: `problem` is "" when it is whole."""

    workspace_id: str
    lines: int
    problem: str = ""


@dataclass(frozen=True)
class _Head:
    """A head as it was read; that of an empty chain unless something is said."""

    count: int = 0
    generation: int = 0
    seal: str = ""


def record(
    current: Session,
    workspace_id: str,
    actor: Actor,
    action: str,
    subject: str = "",
    **details: Any,
) -> None:
    """Appends a line in the caller's transaction. Those of one workspace wait for one another."""
    number = lock_workspace(current, workspace_id)
    generation, key = deployment_secrets.newest(current, SECRET)
    line = AuditLine(
        workspace_id=workspace_id, number=number, at=clock.now(), generation=generation
    )
    line.actor, line.actor_id, line.origin = actor.name[:100], actor.person_id, actor.origin[:64]
    line.action, line.subject, line.details = action, subject[:254], details
    line.seal = _seal(key, _seal_before(current, workspace_id, number), line)
    current.add(line)
    current.flush()
    _write_head(current, line, key)


def lock_workspace(current: Session, workspace_id: str) -> int:
    """Locks the workspace's chain until the transaction ends, and returns its next number.

    Also for what has to be decided one after the other, such as who is the last owner.
    """
    insert_new(current, AuditHead, workspace_id=workspace_id, count=0, generation=0, seal="")
    locked = current.scalar(
        select(AuditHead.count).where(AuditHead.workspace_id == workspace_id).with_for_update()
    )
    return (locked or 0) + 1


def lines_of(
    workspace_id: str,
    *,
    action: str = "",
    actor: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    beyond: int | None = None,
    size: int = 50,
    oldest_first: bool = False,
) -> list[AuditLine]:
    """Newest first, or turned round. `action` is a whole name or a group such as `key`; the lines after
    the one numbered `beyond`, in that order."""
    wanted = select(AuditLine).where(AuditLine.workspace_id == workspace_id)
    if action:
        wanted = wanted.where((AuditLine.action == action) | AuditLine.action.like(f"{action}.%"))
    if actor:
        wanted = wanted.where(AuditLine.actor == actor)
    if since:
        wanted = wanted.where(AuditLine.at >= since)
    if until:
        wanted = wanted.where(AuditLine.at < until)
    number = AuditLine.number
    if beyond is not None:
        wanted = wanted.where(number > beyond if oldest_first else number < beyond)
    order = number.asc() if oldest_first else number.desc()
    return list(session().scalars(wanted.order_by(order).limit(size)))


def counts_by_actor(workspace_id: str) -> dict[str, int]:
    """Everybody who is named in the workspace's log, by name, with how many lines they have."""
    named = select(AuditLine.actor, func.count()).where(AuditLine.workspace_id == workspace_id)
    rows = session().execute(named.group_by(AuditLine.actor))
    return dict(sorted((row[0], row[1]) for row in rows))


def count_of(workspace_id: str) -> int:
    """How many lines there are, whatever the head says."""
    lines = select(func.count()).select_from(AuditLine)
    return session().scalar(lines.where(AuditLine.workspace_id == workspace_id)) or 0


def verify(workspace_id: str) -> Verdict:
    """Reads a whole chain again and tells the first thing that is wrong with it.

    The head is read before the lines: what is added meanwhile comes after it, and is no reason to doubt.
    """
    current, before, count, sealed = session(), "", 0, ""
    keys = cache(partial(deployment_secrets.of_generation, current, SECRET))
    head = _head(current, workspace_id)
    lines = select(AuditLine).where(AuditLine.workspace_id == workspace_id)
    for line in current.scalars(lines.order_by(AuditLine.number).execution_options(yield_per=500)):
        count += 1
        if problem := _problem_of(keys, line, count, before):
            return Verdict(workspace_id, count, problem)
        before = line.seal
        sealed = before if count == head.count else sealed
    return Verdict(workspace_id, count, _problem_of_head(keys, workspace_id, head, count, sealed))


def _problem_of(keys: Keys, line: AuditLine, expected: int, before: str) -> str:
    """What is wrong with a line, or ""."""
    if line.number != expected:
        return f"Line {expected} is missing: the next one there is {line.number}."
    try:
        key = keys(line.generation)
    except Unreadable:
        return f"Line {line.number} cannot be checked: its seal’s secret opens with no ring key."
    if not hmac.compare_digest(line.seal, _seal(key, before, line)):
        return f"Line {line.number} was altered, or a line before it was."
    return ""


def _head(current: Session, workspace_id: str) -> _Head:
    """As the database has it now, whatever was loaded before."""
    told = select(AuditHead.count, AuditHead.generation, AuditHead.seal)
    row = current.execute(told.where(AuditHead.workspace_id == workspace_id)).first()
    return _Head(*row) if row else _Head()


def _problem_of_head(keys: Keys, workspace_id: str, head: _Head, count: int, sealed: str) -> str:
    """`sealed` is the seal of the line that was the last one for this head."""
    latest = _head(session(), workspace_id).count
    if latest < count:
        told = f"it counts {latest} lines" if latest else "it is missing"
        return f"The chain’s head was altered: {told}, yet there are {count}."
    if head.count > count:
        return f"The last lines are missing: there were {head.count}, there are {count}."
    if not head.count:
        return ""
    try:
        key = keys(head.generation)
    except Unreadable:
        return "The chain’s head cannot be checked: its secret opens with no ring key."
    whole = hmac.compare_digest(head.seal, _head_seal(key, workspace_id, head.count, sealed))
    return "" if whole else "The chain’s head was altered: lines at the end may be missing."


def _write_head(current: Session, line: AuditLine, key: bytes) -> None:
    seal = _head_seal(key, line.workspace_id, line.number, line.seal)
    current.execute(
        update(AuditHead)
        .where(AuditHead.workspace_id == line.workspace_id)
        .values(count=line.number, generation=line.generation, seal=seal)
    )


def _seal_before(current: Session, workspace_id: str, number: int) -> str:
    before = select(AuditLine.seal).where(
        AuditLine.workspace_id == workspace_id, AuditLine.number == number - 1
    )
    return current.scalar(before) or ""


def _seal(key: bytes, before: str, line: AuditLine) -> str:
    told = [
        *(before, line.workspace_id, line.number, line.at.astimezone(UTC).isoformat()),
        *(line.actor, line.actor_id, line.origin, line.action, line.subject, line.details),
        line.generation,
    ]
    text = json.dumps(told, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def _head_seal(key: bytes, workspace_id: str, count: int, last: str) -> str:
    text = f"head|{workspace_id}|{count}|{last}"
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
