"""The table of provider keys: one per workspace and provider, versioned by each replacement."""

from datetime import date, datetime

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core import clock
from core.db import Model
from core.ids import new_id
from core.secrets import vault

VALID = "valid"
INVALID = "invalid"


class ProviderKey(Model):
    """`status` comes from the provider, `enabled` from a person: no automation changes the latter."""

    __tablename__ = "provider_keys"
    __table_args__ = (
        UniqueConstraint("workspace_id", "provider"),
        Index("ix_provider_keys_recheck", "recheck_at"),
        Index("ix_provider_keys_ring", "ring_key"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=lambda: new_id("key"))
    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    provider: Mapped[str] = mapped_column(String(30))
    version: Mapped[int] = mapped_column(default=1)

    sealed: Mapped[str] = mapped_column(Text)
    mask: Mapped[str] = mapped_column(String(60))
    fingerprint: Mapped[str] = mapped_column(String(32))
    saved_by_check: Mapped[str] = mapped_column(String(32))
    ring_key: Mapped[str] = mapped_column(String(8), default="", server_default="")
    """The short name of the ring key it is sealed under; "" if not known yet."""

    enabled: Mapped[bool] = mapped_column(default=True)
    status: Mapped[str] = mapped_column(String(10), default=VALID)
    reason: Mapped[str] = mapped_column(String(30), default="")
    provider_words: Mapped[str] = mapped_column(String(400), default="")
    note: Mapped[str] = mapped_column(String(200), default="")
    provider_request_id: Mapped[str] = mapped_column(String(100), default="", server_default="")
    status_since: Mapped[datetime] = mapped_column(default=clock.now)
    told_broken_at: Mapped[datetime | None] = mapped_column()
    """When people were notified that it broke; None again once they were notified that it works."""
    unavailable_models: Mapped[list[str]] = mapped_column(JSON, default=list, server_default="[]")
    """Catalogue models that this key has no access to, according to the provider."""
    subscription: Mapped[str] = mapped_column(String(80), default="", server_default="")
    """The subscription that provisioned it, if one did; set by the operator."""
    subscription_url: Mapped[str] = mapped_column(String(300), default="", server_default="")

    added_by: Mapped[str] = mapped_column(String(100))
    added_at: Mapped[datetime] = mapped_column(default=clock.now)
    replaced_by: Mapped[str] = mapped_column(String(100), default="")
    replaced_at: Mapped[datetime | None] = mapped_column()
    checked_at: Mapped[datetime | None] = mapped_column()
    checked_by: Mapped[str] = mapped_column(String(20), default="")
    recheck_at: Mapped[datetime | None] = mapped_column()
    """When the schedule checks it next."""
    rechecks_failed: Mapped[int] = mapped_column(default=0, server_default="0")
    last_used_at: Mapped[datetime | None] = mapped_column()

    @property
    def key_context(self) -> str:
        """The HKDF context that the secret is sealed for."""
        return vault.provider_key_context(self.workspace_id, self.provider)

    @property
    def set_at(self) -> datetime:
        """When the current secret was entered: its age counts from here."""
        return self.replaced_at or self.added_at


class KeyDay(Model):
    """The events of a key on one day (UTC): a square of its health strip."""

    __tablename__ = "key_days"

    key_id: Mapped[str] = mapped_column(
        ForeignKey("provider_keys.id", ondelete="CASCADE"), primary_key=True
    )
    day: Mapped[date] = mapped_column(primary_key=True)
    requests: Mapped[int] = mapped_column(default=0)
    requests_failed: Mapped[int] = mapped_column(default=0)
    checks_passed: Mapped[int] = mapped_column(default=0)
    checks_failed: Mapped[int] = mapped_column(default=0)
    refusals: Mapped[int] = mapped_column(default=0)
    """Failed requests and checks that were the key's own fault."""
