"""A source as pages show it: its kind, state and progress in words."""

from dataclasses import dataclass
from datetime import datetime

from core.accounts.models import Workspace
from core.errors import NotFound
from core.knowledge import allowance, chunks, source_list
from core.knowledge.models import (
    FAILED,
    FILE,
    PAGE,
    QA,
    READING,
    READY,
    SITEMAP,
    TEXT,
    WAITING,
    Chunk,
    Source,
)
from core.knowledge.source_list import SourceFilter
from core.ordering import Order
from web.page_context import grouped

CHUNKS_A_PAGE = 50
MOST_OF_A_BOT = 1_000
"""Enough for all sources of the largest plan."""
_KINDS = {
    TEXT: "Text",
    FILE: "File",
    QA: "Question and answer",
    PAGE: "Web page",
    SITEMAP: "Sitemap",
}
_STATES = {WAITING: "Waiting", READING: "Reading", READY: "Ready", FAILED: "Couldn’t be read"}


@dataclass(frozen=True)
class SourceRow:
    id: str
    title: str
    kind_word: str
    place: str
    link: str
    state: str
    state_word: str
    pending: bool
    done: int
    total: int
    progress: str
    reason: str
    size: str
    chunks: int
    added_by: str
    added_at: datetime
    indexed_at: datetime | None


def rows_of(bot_id: str, order: Order) -> list[SourceRow]:
    found = source_list.find(SourceFilter({bot_id}), order, MOST_OF_A_BOT)
    return [row_of(source) for source in found]


def row_of(source: Source) -> SourceRow:
    total = source.total if source.pending else 0
    return SourceRow(
        id=source.id,
        title=source.title,
        kind_word=_KINDS[source.kind],
        place=source.url.partition("://")[2].rstrip("/") if source.url else "",
        link=source.url if source.url.startswith(("https://", "http://")) else "",
        state=source.status,
        state_word=_STATES.get(source.status, source.status),
        pending=source.pending,
        done=min(source.done, total),
        total=total,
        progress=f"{grouped(source.done)} of {grouped(total)}" if total else "",
        reason=source.reason,
        size=size_of(source),
        chunks=source.chunks,
        added_by=source.added_by,
        added_at=source.added_at,
        indexed_at=source.indexed_at,
    )


def size_of(source: Source) -> str:
    """The size of the upload; for a web page, of the text that was read."""
    size = source.size_bytes or source.characters
    if size < 1_000:
        return f"{size} B"
    return f"{size / 1_000:.0f} kB" if size < 1_000_000 else f"{size / 1_000_000:.1f} MB"


def chunks_after(source: Source, position: int) -> tuple[list[Chunk], bool]:
    """One page of its chunks, and whether there are more."""
    found = chunks.next_of_source(source.id, position, CHUNKS_A_PAGE + 1)
    return found[:CHUNKS_A_PAGE], len(found) > CHUNKS_A_PAGE


def of_bot(source: Source, bot_id: str) -> Source:
    """The source, if it belongs to this bot; raises `NotFound`."""
    if source.bot_id != bot_id:
        raise NotFound("Source not found.")
    return source


def room(workspace: Workspace) -> str:
    """How much of the plan's knowledge limit is used, as a sentence."""
    used, plan = allowance.used(workspace.id), workspace.plan
    return (
        f"{grouped(used.sources)} of {grouped(plan.sources)} sources and "
        f"{grouped(used.characters)} of {grouped(plan.characters)} characters used in this "
        f"workspace, on the {plan.name} plan."
    )
