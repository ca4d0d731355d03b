"""A row for each email and webhook call that is sent."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from core import clock
from core.db import Model
from core.ids import new_id

EMAIL = "mail"


class Delivery(Model):
    """One mail or call. It is due until it has arrived or was given up.

    `sealed` is what to say, a JSON object that may hold a link with a token in it: sealed for this
    row, and emptied once it is over.
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
    def place(self) -> str:
        """What its content is sealed for."""
        return f"delivery|{self.id}"

    @property
    def state(self) -> str:
        """arrived, given_up, sending (a try is under way), retrying (one failed), waiting (none yet)."""
        if self.arrived_at:
            return "arrived"
        if self.given_up_at:
            return "given_up"
        if not self.attempts:
            return "waiting"
        return "retrying" if self.last_error else "sending"
