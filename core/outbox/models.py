"""A row for each email and webhook call that is sent."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from core import clock
from core.db import Model
from core.ids import new_id

EMAIL = "mail"


class Delivery(Model):
    """One email or webhook call. It is due until it was delivered or given up.

    `sealed` is the content, a JSON object that may hold a link with a token: sealed for this row, and
    erased when the delivery ends.
    """

    __tablename__ = "deliveries"
    __table_args__ = (
        Index("ix_deliveries_due", "due_at"),
        Index("ix_deliveries_workspace_time", "workspace_id", "created_at"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=lambda: new_id("dlv"))
    workspace_id: Mapped[str | None] = mapped_column(
        ForeignKey("workspaces.id", ondelete="CASCADE")
    )
    channel: Mapped[str] = mapped_column(String(10))
    event: Mapped[str] = mapped_column(String(40))
    recipient: Mapped[str] = mapped_column(String(500))
    sealed: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    due_at: Mapped[datetime | None] = mapped_column(default=clock.now)
    attempts: Mapped[int] = mapped_column(default=0)
    arrived_at: Mapped[datetime | None] = mapped_column()
    given_up_at: Mapped[datetime | None] = mapped_column()
    last_status: Mapped[int | None] = mapped_column()
    last_error: Mapped[str] = mapped_column(String(300), default="")

    @property
    def key_context(self) -> str:
        """The HKDF context that the content is sealed for."""
        return f"delivery|{self.id}"

    @property
    def state(self) -> str:
        """arrived, given_up, sending (an attempt is running), retrying (one failed) or waiting (none yet)."""
        if self.arrived_at:
            return "arrived"
        if self.given_up_at:
            return "given_up"
        if not self.attempts:
            return "waiting"
        return "retrying" if self.last_error else "sending"
