"""The row of a day's use: what one bot, model and key came to. Kept when the bot or the key is gone."""

from datetime import date

from sqlalchemy import BigInteger, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Model


class UsageDay(Model):
    """Counts of one day (UTC); raised by conditional updates with each answer that ends.

    `key_id` is "" where no key of the workspace was used, `bot_id` where the gateway served a program.
    Tokens are the provider's own counts.
    """

    __tablename__ = "usage_days"

    workspace_id: Mapped[str] = mapped_column(
        ForeignKey("workspaces.id", ondelete="CASCADE"), primary_key=True
    )
    day: Mapped[date] = mapped_column(primary_key=True)
    bot_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    model_id: Mapped[str] = mapped_column(String(80), primary_key=True)
    key_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    provider: Mapped[str] = mapped_column(String(30))
    answered: Mapped[int] = mapped_column(default=0)
    failed: Mapped[int] = mapped_column(default=0)
    cached: Mapped[int] = mapped_column(default=0)
    tokens_in: Mapped[int] = mapped_column(default=0)
    tokens_out: Mapped[int] = mapped_column(default=0)
    billed_microusd: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    """What was taken from the balance for it: never anything where a key of the workspace served."""
