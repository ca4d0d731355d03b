"""The row of a provider key: one per workspace and provider, with a version that each replace raises."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core import clock
from core.db import Model
from core.ids import new_id

VALID = "valid"
INVALID = "invalid"


class ProviderKey(Model):
    """`status` is the provider's word, `enabled` a person's: no automation touches the second."""

    __tablename__ = "provider_keys"
    __table_args__ = (UniqueConstraint("workspace_id", "provider"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=lambda: new_id("key"))
    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    provider: Mapped[str] = mapped_column(String(30))
    version: Mapped[int] = mapped_column(default=1)

    sealed: Mapped[str] = mapped_column(Text)
    mask: Mapped[str] = mapped_column(String(60))
    fingerprint: Mapped[str] = mapped_column(String(32))
    saved_by_check: Mapped[str] = mapped_column(String(32))

    enabled: Mapped[bool] = mapped_column(default=True)
    status: Mapped[str] = mapped_column(String(10), default=VALID)
    reason: Mapped[str] = mapped_column(String(30), default="")
    provider_words: Mapped[str] = mapped_column(String(400), default="")
    note: Mapped[str] = mapped_column(String(200), default="")
    status_since: Mapped[datetime] = mapped_column(default=clock.now)

    added_by: Mapped[str] = mapped_column(String(100))
    added_at: Mapped[datetime] = mapped_column(default=clock.now)
    replaced_by: Mapped[str] = mapped_column(String(100), default="")
    replaced_at: Mapped[datetime | None] = mapped_column()
    checked_at: Mapped[datetime | None] = mapped_column()
    checked_by: Mapped[str] = mapped_column(String(20), default="")
    last_used_at: Mapped[datetime | None] = mapped_column()

    @property
    def set_at(self) -> datetime:
        """When the secret in use was entered: its age counts from here."""
        return self.replaced_at or self.added_at
