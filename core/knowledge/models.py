"""The rows of knowledge: a source with its content, its chunks, and what nobody could answer from them.

The index over the chunks (`chunk_words`) is the database's own: FTS5 on SQLite, a tsvector on
PostgreSQL, both kept by triggers (migration 0003).
"""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core import clock
from core.db import Model
from core.ids import new_id

TEXT, FILE, QA, PAGE, SITEMAP = "text", "file", "qa", "page", "sitemap"
WAITING, READING, READY, FAILED = "waiting", "reading", "ready", "failed"
REMOVED = "removed"
"""A status nobody sees: its rows are being deleted, a few at a time."""
OPEN, ANSWERED, DISMISSED = "open", "answered", "dismissed"


class Source(Model):
    """One thing that a bot was given. `attempt` names the indexing that may write to it."""

    __tablename__ = "sources"
    __table_args__ = (
        Index("ix_sources_bot", "bot_id", "added_at"),
        Index("ix_sources_status", "status", "alive_at"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=lambda: new_id("src"))
    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    bot_id: Mapped[str] = mapped_column(ForeignKey("bots.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(10))
    title: Mapped[str] = mapped_column(String(200))
    url: Mapped[str] = mapped_column(String(1000), default="")
    media_type: Mapped[str] = mapped_column(String(100), default="")
    size_bytes: Mapped[int] = mapped_column(default=0)

    status: Mapped[str] = mapped_column(String(10), default=WAITING)
    reason: Mapped[str] = mapped_column(String(300), default="")
    """Why it failed, or what of it was left out, as a sentence for people."""
    attempt: Mapped[int] = mapped_column(default=1)
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    """Progress in pages, or in whatever the kind is read by."""
    alive_at: Mapped[datetime | None] = mapped_column()
    chunks: Mapped[int] = mapped_column(default=0)
    characters: Mapped[int] = mapped_column(default=0)

    added_by: Mapped[str] = mapped_column(String(100))
    added_at: Mapped[datetime] = mapped_column(default=clock.now)
    indexed_at: Mapped[datetime | None] = mapped_column()

    @property
    def pending(self) -> bool:
        return self.status in (WAITING, READING)


class SourceContent(Model):
    """The content as it was given, for reading it again: kept apart, so that lists stay light."""

    __tablename__ = "source_contents"

    source_id: Mapped[str] = mapped_column(
        ForeignKey("sources.id", ondelete="CASCADE"), primary_key=True
    )
    data: Mapped[bytes] = mapped_column(LargeBinary)


class Chunk(Model):
    """A piece of a source that can be found: its own heading, the headings above it, its text."""

    __tablename__ = "chunks"
    __table_args__ = (Index("ix_chunks_source", "source_id", "position"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    source_id: Mapped[str] = mapped_column(ForeignKey("sources.id", ondelete="CASCADE"))
    bot_id: Mapped[str] = mapped_column(String(32), index=True)
    position: Mapped[int] = mapped_column()
    title: Mapped[str] = mapped_column(String(300), default="")
    path: Mapped[str] = mapped_column(String(600), default="")
    body: Mapped[str] = mapped_column(Text)
    url: Mapped[str] = mapped_column(String(1000), default="")
    embedding: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Little-endian float32, of unit length."""
    embedded_by: Mapped[str] = mapped_column(String(80), default="")
    """Which model made it, with its dimensions: those of different ones are never compared."""


class Unanswered(Model):
    """A question that the knowledge had nothing for, with how often it was asked."""

    __tablename__ = "unanswered"
    __table_args__ = (UniqueConstraint("bot_id", "normal"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=lambda: new_id("unq"))
    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    bot_id: Mapped[str] = mapped_column(ForeignKey("bots.id", ondelete="CASCADE"))
    question: Mapped[str] = mapped_column(String(500))
    normal: Mapped[str] = mapped_column(String(500))
    """The question in lower case without punctuation: what makes two the same."""
    count: Mapped[int] = mapped_column(default=1)
    first_at: Mapped[datetime] = mapped_column(default=clock.now)
    last_at: Mapped[datetime] = mapped_column(default=clock.now)
    state: Mapped[str] = mapped_column(String(10), default=OPEN)
