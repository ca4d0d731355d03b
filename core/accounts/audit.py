"""The audit log: who changed what, when and from where. Append-only, one hash chain per workspace.

A line is written in the same transaction as the change it records: if it can't be written, nothing
changes. Each seal is an HMAC over the line and the previous seal; the head's seal covers the count. So
`verify` detects altered, removed and truncated lines. Database triggers reject updates of lines.
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
    """One change. `details` are short facts by name, never a secret: a mask at most."""

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
    """The length of a workspace's chain, sealed."""

    __tablename__ = "audit_heads"

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspaces.id"), primary_key=True)
    count: Mapped[int] = mapped_column(default=0)
    generation: Mapped[int] = mapped_column(default=0)
    seal: Mapped[str] = mapped_column(String(64), default="")


@dataclass(frozen=True)
class Verdict:
    """The result of `verify` for one workspace; `problem` is "" if the chain is intact."""

    workspace_id: str
    lines: int
    problem: str = ""


@dataclass(frozen=True)
class _Head:
    """A head as it was read; the defaults are those of an empty chain."""

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
    """Appends a line in the caller's transaction. Lines of one workspace are written one at a time."""
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
    """Locks the workspace's chain until the transaction ends, and returns the next line's number.

    Also serializes decisions such as whether someone is the last owner.
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
    """A workspace's lines, newest first unless `oldest_first`.

    `action` is a full name or a group such as `key`. `beyond` is the number of the line to continue
    after, in that order.
    """
    query = select(AuditLine).where(AuditLine.workspace_id == workspace_id)
    if action:
        query = query.where((AuditLine.action == action) | AuditLine.action.like(f"{action}.%"))
    if actor:
        query = query.where(AuditLine.actor == actor)
    if since:
        query = query.where(AuditLine.at >= since)
    if until:
        query = query.where(AuditLine.at < until)
    number = AuditLine.number
    if beyond is not None:
        query = query.where(number > beyond if oldest_first else number < beyond)
    order = number.asc() if oldest_first else number.desc()
    return list(session().scalars(query.order_by(order).limit(size)))


def counts_by_actor(workspace_id: str) -> dict[str, int]:
    """The number of lines of each actor in the workspace's log, by the actor's name."""
    counts = select(AuditLine.actor, func.count()).where(AuditLine.workspace_id == workspace_id)
    rows = session().execute(counts.group_by(AuditLine.actor))
    return dict(sorted((row[0], row[1]) for row in rows))


def count_of(workspace_id: str) -> int:
    """The actual number of lines, regardless of the head's count."""
    lines = select(func.count()).select_from(AuditLine)
    return session().scalar(lines.where(AuditLine.workspace_id == workspace_id)) or 0


def verify(workspace_id: str) -> Verdict:
    """Re-reads a workspace's whole chain and returns the first problem found.

    The head is read before the lines, so lines that are added meanwhile are not taken for a problem.
    """
    current, previous_seal, count, head_line_seal = session(), "", 0, ""
    keys = cache(partial(deployment_secrets.of_generation, current, SECRET))
    head = _head(current, workspace_id)
    lines = select(AuditLine).where(AuditLine.workspace_id == workspace_id)
    for line in current.scalars(lines.order_by(AuditLine.number).execution_options(yield_per=500)):
        count += 1
        if problem := _problem_of(keys, line, count, previous_seal):
            return Verdict(workspace_id, count, problem)
        previous_seal = line.seal
        head_line_seal = previous_seal if count == head.count else head_line_seal
    problem = _problem_of_head(keys, workspace_id, head, count, head_line_seal)
    return Verdict(workspace_id, count, problem)


def _problem_of(keys: Keys, line: AuditLine, expected: int, previous_seal: str) -> str:
    """The problem with a line, or ""."""
    if line.number != expected:
        return f"Line {expected} is missing. The next one is {line.number}."
    try:
        key = keys(line.generation)
    except Unreadable:
        return (
            f"Line {line.number} can’t be verified: no encryption key in use decrypts its secret."
        )
    if not hmac.compare_digest(line.seal, _seal(key, previous_seal, line)):
        return f"Line {line.number} or an earlier line was altered."
    return ""


def _head(current: Session, workspace_id: str) -> _Head:
    """The head as the database has it now, regardless of what was loaded before."""
    head = select(AuditHead.count, AuditHead.generation, AuditHead.seal)
    row = current.execute(head.where(AuditHead.workspace_id == workspace_id)).first()
    return _Head(*row) if row else _Head()


def _problem_of_head(keys: Keys, workspace_id: str, head: _Head, count: int, line_seal: str) -> str:
    """`line_seal` is the seal of the line that this head points to."""
    latest = _head(session(), workspace_id).count
    if latest < count:
        recorded = f"it counts {latest} lines" if latest else "it is missing"
        return f"The head of the log was altered: {recorded}, but there are {count}."
    if head.count > count:
        return f"The last lines are missing: there were {head.count}, now there are {count}."
    if not head.count:
        return ""
    try:
        key = keys(head.generation)
    except Unreadable:
        return (
            "The head of the log can’t be verified: no encryption key in use decrypts its secret."
        )
    expected = _head_seal(key, workspace_id, head.count, line_seal)
    if hmac.compare_digest(head.seal, expected):
        return ""
    return "The head of the log was altered: lines at the end may be missing."


def _write_head(current: Session, line: AuditLine, key: bytes) -> None:
    seal = _head_seal(key, line.workspace_id, line.number, line.seal)
    current.execute(
        update(AuditHead)
        .where(AuditHead.workspace_id == line.workspace_id)
        .values(count=line.number, generation=line.generation, seal=seal)
    )


def _seal_before(current: Session, workspace_id: str, number: int) -> str:
    previous = select(AuditLine.seal).where(
        AuditLine.workspace_id == workspace_id, AuditLine.number == number - 1
    )
    return current.scalar(previous) or ""


def _seal(key: bytes, previous_seal: str, line: AuditLine) -> str:
    sealed_fields = [
        *(previous_seal, line.workspace_id, line.number, line.at.astimezone(UTC).isoformat()),
        *(line.actor, line.actor_id, line.origin, line.action, line.subject, line.details),
        line.generation,
    ]
    text = json.dumps(sealed_fields, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def _head_seal(key: bytes, workspace_id: str, count: int, last: str) -> str:
    text = f"head|{workspace_id}|{count}|{last}"
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
