"""The rows of a conversation: the bot, who talks to it, and each message with what became of it."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core import clock
from core.accounts.models import Workspace
from core.db import Model
from core.ids import new_id
from core.providers import catalogue

VISITOR, ANSWER = "visitor", "answer"
PENDING, COMPLETE, INTERRUPTED, FAILED = "pending", "complete", "interrupted", "failed"
NOT_ANSWERED = (INTERRUPTED, FAILED)


class Bot(Model):
    __tablename__ = "bots"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=lambda: new_id("bot"))
    workspace_id: Mapped[str] = mapped_column(
        ForeignKey("workspaces.id", ondelete="CASCADE"), index=True
    )
    name: Mapped[str] = mapped_column(String(80))
    model_id: Mapped[str] = mapped_column(String(80))
    instructions: Mapped[str] = mapped_column(Text, default="")
    welcome: Mapped[str] = mapped_column(String(500), default="")
    starters: Mapped[list[str]] = mapped_column(JSON, default=list)
    allowed_origins: Mapped[list[str]] = mapped_column(JSON, default=list)
    enabled: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)

    version: Mapped[int] = mapped_column(default=1, server_default="1")
    """Raised by every change of the bot or of what it knows: what was cached before it is over."""
    caches: Mapped[bool] = mapped_column(default=True, server_default="1")
    """Whether the same first question is answered from what was answered before."""
    only_knowledge: Mapped[bool] = mapped_column(default=True, server_default="1")
    """With knowledge: whether it says that it does not know where nothing fits."""
    unknown_text: Mapped[str] = mapped_column(String(300), default="", server_default="")
    """What it says then; ours if empty."""
    hybrid: Mapped[bool] = mapped_column(default=False, server_default="0")
    """Whether knowledge is also found by embeddings, through the workspace's own key."""
    visitor_limit: Mapped[int] = mapped_column(default=20, server_default="20")
    """Messages a minute of one conversation; 0 is no limit, here and below."""
    address_limit: Mapped[int] = mapped_column(default=120, server_default="120")
    """Messages an hour from one address."""
    daily_limit: Mapped[int] = mapped_column(default=0, server_default="0")
    """Messages a day of the whole bot."""
    limit_text: Mapped[str] = mapped_column(String(300), default="", server_default="")
    """What a visitor over a limit reads; ours if empty."""
    look: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict, server_default="{}")
    """What its owner chose for the widget and the chat page, checked by `look`; what is not here is ours."""
    deleted_at: Mapped[datetime | None] = mapped_column()
    """Since when it is being deleted: nobody sees it any more, its rows go in small steps."""

    workspace: Mapped[Workspace] = relationship(lazy="joined")
    sites_seen: Mapped[list["SeenOrigin"]] = relationship(
        viewonly=True, order_by="SeenOrigin.last_seen_at.desc(), SeenOrigin.origin"
    )

    @property
    def model(self) -> catalogue.Model | None:
        """None once the catalogue has it for bots no longer: then this bot does not answer."""
        try:
            found = catalogue.model(self.model_id)
        except catalogue.UnknownModel:
            return None
        return found if found.bot_tier else None

    @property
    def tier(self) -> catalogue.BotTier | None:
        """What a plan must have for its model; no plan has None."""
        return self.model.bot_tier if self.model else None

    @property
    def provider(self) -> str:
        """Whose model it is on, also if that is gone."""
        return self.model_id.partition(":")[0]


class Conversation(Model):
    """One visitor's talk with one bot. The visitor's token is kept as a digest only."""

    __tablename__ = "conversations"
    __table_args__ = (Index("ix_conversations_bot_recent", "bot_id", "last_message_at"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=lambda: new_id("cnv"))
    bot_id: Mapped[str] = mapped_column(ForeignKey("bots.id", ondelete="CASCADE"))
    workspace_id: Mapped[str] = mapped_column(
        ForeignKey("workspaces.id", ondelete="CASCADE"), index=True
    )
    token_digest: Mapped[str] = mapped_column(String(64), unique=True)
    origin: Mapped[str] = mapped_column(String(200), default="")
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    expires_at: Mapped[datetime] = mapped_column()
    last_message_at: Mapped[datetime | None] = mapped_column()

    bot: Mapped[Bot] = relationship(lazy="joined")


class Message(Model):
    """A visitor's message, or the answer to one (`reply_to`). An answer is pending until it ends.

    `attempt` counts the tries at an answer: what a task of an earlier attempt says is ignored.
    `quota_period` is the month that holds this answer's message, empty once it was given back.
    """

    __tablename__ = "messages"
    __table_args__ = (
        UniqueConstraint("conversation_id", "client_message_id"),
        Index("ix_messages_conversation_order", "conversation_id", "created_at"),
        Index("ix_messages_bot_time", "bot_id", "created_at"),
        Index("ix_messages_workspace_time", "workspace_id", "created_at"),
        Index("ix_messages_pending", "status", "alive_at"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=lambda: new_id("msg"))
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"))
    bot_id: Mapped[str] = mapped_column(ForeignKey("bots.id", ondelete="CASCADE"))
    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    role: Mapped[str] = mapped_column(String(10))
    reply_to: Mapped[str | None] = mapped_column(String(32), index=True)
    client_message_id: Mapped[str | None] = mapped_column(String(64))
    text: Mapped[str] = mapped_column(Text, default="")
    status: Mapped[str] = mapped_column(String(12))
    created_at: Mapped[datetime] = mapped_column(default=clock.now)

    attempt: Mapped[int] = mapped_column(default=1)
    alive_at: Mapped[datetime | None] = mapped_column()
    finished_at: Mapped[datetime | None] = mapped_column()
    quota_period: Mapped[str] = mapped_column(String(7), default="")

    model_id: Mapped[str] = mapped_column(String(80), default="")
    provider: Mapped[str] = mapped_column(String(30), default="")
    key_id: Mapped[str | None] = mapped_column(String(32))
    key_version: Mapped[int | None] = mapped_column()
    tokens_in: Mapped[int | None] = mapped_column()
    tokens_out: Mapped[int | None] = mapped_column()
    first_token_ms: Mapped[int | None] = mapped_column()
    latency_ms: Mapped[int | None] = mapped_column()
    failure: Mapped[str] = mapped_column(String(40), default="")
    provider_words: Mapped[str] = mapped_column(String(400), default="")

    sources: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list, server_default="[]")
    """What the answer was given to answer from: number, title and address, as the visitor sees them."""
    cached: Mapped[bool] = mapped_column(default=False, server_default="0")
    feedback: Mapped[int | None] = mapped_column()
    """The visitor's thumb: 1 or -1."""

    @property
    def ended(self) -> bool:
        return self.status != PENDING

    def usage(self) -> dict[str, Any]:
        """Tokens of an answer as the endpoint tells them."""
        return {"tokens_in": self.tokens_in, "tokens_out": self.tokens_out}


class QuotaPeriod(Model):
    """How many messages a workspace has used in a month; changed by conditional updates only."""

    __tablename__ = "quota_periods"

    workspace_id: Mapped[str] = mapped_column(
        ForeignKey("workspaces.id", ondelete="CASCADE"), primary_key=True
    )
    period: Mapped[str] = mapped_column(String(7), primary_key=True)
    used: Mapped[int] = mapped_column(default=0)
    given_back: Mapped[int] = mapped_column(default=0, server_default="0")
    told_near_at: Mapped[datetime | None] = mapped_column()
    """When people were told that 80 % are used, and below that all are: once a month each."""
    told_full_at: Mapped[datetime | None] = mapped_column()


class CachedAnswer(Model):
    """What a bot answered to a first question, as long as its version is the same."""

    __tablename__ = "cached_answers"

    bot_id: Mapped[str] = mapped_column(ForeignKey("bots.id", ondelete="CASCADE"), primary_key=True)
    bot_version: Mapped[int] = mapped_column(primary_key=True)
    question_digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    text: Mapped[str] = mapped_column(Text)
    sources: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    hits: Mapped[int] = mapped_column(default=0)


class SeenOrigin(Model):
    """A site on which the widget was seen that may not show it: the console asks whether it may."""

    __tablename__ = "seen_origins"

    bot_id: Mapped[str] = mapped_column(ForeignKey("bots.id", ondelete="CASCADE"), primary_key=True)
    origin: Mapped[str] = mapped_column(String(200), primary_key=True)
    first_seen_at: Mapped[datetime] = mapped_column(default=clock.now)
    last_seen_at: Mapped[datetime] = mapped_column(default=clock.now)
    dismissed: Mapped[bool] = mapped_column(default=False)
    """Whether somebody said no: it is not asked for again."""


class BotAvatar(Model):
    """The picture at the head of a bot's chat, as it was uploaded."""

    __tablename__ = "bot_avatars"

    bot_id: Mapped[str] = mapped_column(ForeignKey("bots.id", ondelete="CASCADE"), primary_key=True)
    media_type: Mapped[str] = mapped_column(String(20))
    content: Mapped[bytes] = mapped_column(LargeBinary)
    digest: Mapped[str] = mapped_column(String(16))
