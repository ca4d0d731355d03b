"""A workspace's webhook."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from core import clock
from core.db import Model

WEBHOOK = "webhook"
"""The channel of a webhook's deliveries."""


class Webhook(Model):
    """Where a workspace wants to be called; its signing secret sealed. Off after long failure."""

    __tablename__ = "webhooks"

    workspace_id: Mapped[str] = mapped_column(
        ForeignKey("workspaces.id", ondelete="CASCADE"), primary_key=True
    )
    url: Mapped[str] = mapped_column(String(500))
    sealed_secret: Mapped[str] = mapped_column(Text)
    enabled: Mapped[bool] = mapped_column(default=True)
    failures: Mapped[int] = mapped_column(default=0)
    failing_since: Mapped[datetime | None] = mapped_column()
    changed_at: Mapped[datetime] = mapped_column(default=clock.now)

    @property
    def key_context(self) -> str:
        return f"webhook|{self.workspace_id}"
