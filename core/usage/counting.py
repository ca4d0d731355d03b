"""Counts the usage of each answer in the day's row, in the transaction that ends the answer.

A row is incremented by one conditional update, so concurrent answers don't conflict. It is never
decremented: deleting a conversation, a bot or a key keeps its usage.
"""

from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from core import clock
from core.db import changed_one, insert_new
from core.usage.models import UsageDay

_COUNTS = ("answered", "failed", "cached", "tokens_in", "tokens_out", "billed_microusd")


def count(
    current: Session,
    workspace_id: str,
    bot_id: str,
    provider: str,
    model_id: str,
    key_id: str | None,
    **counts: int | None,
) -> None:
    """Adds to today's row (UTC) in the caller's transaction, as the last thing that it locks.

    Each attempt that ended is one `answered` or one `failed`; `cached=1` with those of the answered that
    asked nobody. `tokens_in` and `tokens_out` are the provider's own counts, also of one that failed.
    """
    place = {"workspace_id": workspace_id, "day": clock.today(), "bot_id": bot_id}
    place |= {"model_id": model_id, "key_id": key_id or ""}
    by = {name: counts.pop(name, 0) or 0 for name in _COUNTS}
    assert not counts, counts  # noqa: S101  (a mistake in our code: it names no such count)
    if _add(current, place, by):
        return
    named = provider or model_id.partition(":")[0]
    if not insert_new(current, UsageDay, provider=named, **place, **by):
        _add(current, place, by)


def _add(current: Session, place: dict[str, Any], by: dict[str, int]) -> bool:
    return changed_one(
        current,
        update(UsageDay)
        .where(*(getattr(UsageDay, name) == value for name, value in place.items()))
        .values({name: getattr(UsageDay, name) + added for name, added in by.items()}),
    )
