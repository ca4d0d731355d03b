"""The rows of the gateway: tokens, the request log, and the balance with its ledger.

Only a digest of each token is stored. Money is whole micro-dollars, never a float.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core import clock
from core.accounts.models import Person
from core.db import Model
from core.ids import new_id

WORKSPACE, PLATFORM = "workspace", "platform"
"""Whose key served: the workspace's own, or the operator's."""
TOP_UP, CHARGE, DEBT = "top_up", "charge", "debt"
"""Kinds of ledger entries. `DEBT` pays what an earlier request still owed."""


class GatewayToken(Model):
    """A member's access to one workspace, with that member's permissions."""

    __tablename__ = "gateway_tokens"
    __table_args__ = (Index("ix_gateway_tokens_workspace", "workspace_id", "person_id"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=lambda: new_id("gwt"))
    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(80))
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    mask: Mapped[str] = mapped_column(String(20))
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    expires_at: Mapped[datetime | None] = mapped_column()
    """The owner's choice, or the end of the grace period after it was replaced."""
    revoked_at: Mapped[datetime | None] = mapped_column()
    replaced_by: Mapped[str] = mapped_column(String(32), default="", server_default="")
    last_used_at: Mapped[datetime | None] = mapped_column()

    person: Mapped[Person] = relationship(lazy="joined")


class GatewayRequest(Model):
    """A gateway request and its outcome, without prompts or answers."""

    __tablename__ = "gateway_requests"
    __table_args__ = (
        Index("ix_gateway_requests_recent", "workspace_id", "at"),
        Index("ix_gateway_requests_at", "at"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=lambda: new_id("req"))
    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    token_id: Mapped[str] = mapped_column(String(32), default="")
    """For *Try it* in the console, which uses no token: the person's id."""
    at: Mapped[datetime] = mapped_column(default=clock.now)
    route: Mapped[str] = mapped_column(String(20))
    """The caller's format: chat, responses, messages, completions, fim, embeddings."""
    model_asked: Mapped[str] = mapped_column(String(120))
    model_id: Mapped[str] = mapped_column(String(120), default="")
    provider: Mapped[str] = mapped_column(String(30), default="")
    key_id: Mapped[str] = mapped_column(String(32), default="")
    key_source: Mapped[str] = mapped_column(String(10), default="")
    status: Mapped[int] = mapped_column()
    """The HTTP status returned to the caller."""
    code: Mapped[str] = mapped_column(String(40), default="")
    """The error code, also of an error inside a stream; "" if it succeeded."""
    attempts: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    """For each: provider, status, kind, milliseconds."""
    stream: Mapped[bool] = mapped_column(default=False)
    tokens_in: Mapped[int | None] = mapped_column()
    tokens_out: Mapped[int | None] = mapped_column()
    estimated: Mapped[bool] = mapped_column(default=False)
    """Whether the tokens are our estimate, because the provider did not report them."""
    cost_microusd: Mapped[int | None] = mapped_column(BigInteger)
    """By the catalogue's prices on that day; None if there are none."""
    billed_microusd: Mapped[int] = mapped_column(BigInteger, default=0)
    """The amount charged to the balance."""
    first_byte_ms: Mapped[int | None] = mapped_column()
    latency_ms: Mapped[int] = mapped_column(default=0)


class Balance(Model):
    """A workspace's credit for the operator's keys, minus what running requests hold."""

    __tablename__ = "balances"
    __table_args__ = (
        CheckConstraint("microusd >= 0", name="not_negative"),
        CheckConstraint("debt_microusd >= 0", name="debt_not_negative"),
    )

    workspace_id: Mapped[str] = mapped_column(
        ForeignKey("workspaces.id", ondelete="CASCADE"), primary_key=True
    )
    microusd: Mapped[int] = mapped_column(BigInteger, default=0)
    debt_microusd: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    """What requests cost beyond their holds and the balance. Paid first from any money that comes in."""


class BalanceHold(Model):
    """The most that a running request may cost, held until it ends."""

    __tablename__ = "balance_holds"
    __table_args__ = (Index("ix_balance_holds_at", "at"),)

    request_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    workspace_id: Mapped[str] = mapped_column(
        ForeignKey("workspaces.id", ondelete="CASCADE"), index=True
    )
    microusd: Mapped[int] = mapped_column(BigInteger)
    at: Mapped[datetime] = mapped_column(default=clock.now)


class LedgerEntry(Model):
    """A permanent change of a balance: the entries add up to the balance plus its holds."""

    __tablename__ = "ledger_entries"
    __table_args__ = (Index("ix_ledger_entries_recent", "workspace_id", "at"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=lambda: new_id("led"))
    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    at: Mapped[datetime] = mapped_column(default=clock.now)
    kind: Mapped[str] = mapped_column(String(10))
    microusd: Mapped[int] = mapped_column(BigInteger)
    """Positive for a top-up, negative for a charge and for the payment of a debt."""
    request_id: Mapped[str] = mapped_column(String(32), default="")
    note: Mapped[str] = mapped_column(String(200), default="")
