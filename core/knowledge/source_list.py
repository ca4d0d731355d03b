"""What bots were given, as lists show it: of some bots, in some state, with some words, in an order."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import case, func, select

from core import ordering
from core.db import session
from core.knowledge.models import FAILED, READING, READY, REMOVED, WAITING, Source
from core.ordering import Column, Order

COLUMNS = ("-added", "title", "state", "-chunks", "-size")
STATES = {"ready": (READY,), "reading": (WAITING, READING), "failed": (FAILED,)}
_BY: dict[str, Column] = {
    "added": Source.added_at,
    "title": func.lower(Source.title),
    "state": Source.status,
    "chunks": Source.chunks,
    "size": case((Source.size_bytes > 0, Source.size_bytes), else_=Source.characters),
}


@dataclass(frozen=True)
class SourceFilter:
    """What a source has to be; an empty field asks for nothing, but for the bots."""

    bot_ids: Collection[str]
    state: str = ""
    text: str = ""


def find(wanted: SourceFilter, order: Order, size: int, skip: int = 0) -> list[Source]:
    query = select(Source).where(*_conditions(wanted))
    ordered = query.order_by(*ordering.in_sql(order, _BY, Source.id))
    page = ordered.limit(size).offset(skip).execution_options(populate_existing=True)
    return list(session().scalars(page))


def _conditions(wanted: SourceFilter) -> list[Any]:
    conditions = [Source.bot_id.in_(wanted.bot_ids), Source.status != REMOVED]
    if wanted.state in STATES:
        conditions.append(Source.status.in_(STATES[wanted.state]))
    if wanted.text:
        text = wanted.text
        titles = Source.title.icontains(text, autoescape=True)
        conditions.append(titles | Source.url.icontains(text, autoescape=True))
    return conditions
