"""Counts what each answer came to, in the day's row: with the answer's end, in the same transaction.

A row is raised by one conditional update, whoever else counts at the same moment. It is never lowered:
deleting a conversation, a bot or a key leaves what they used.
"""

from sqlalchemy import update
from sqlalchemy.orm import Session

from core import clock
from core.db import changed_one, insert_new
from core.usage.models import UsageDay

Place = dict[str, object]


def count(
    current: Session,
    workspace_id: str,
    bot_id: str,
    provider: str,
    model_id: str,
    key_id: str | None,
    *,
    answered: int = 0,
    failed: int = 0,
    cached: int = 0,
    tokens_in: int | None = 0,
    tokens_out: int | None = 0,
) -> None:
    """Adds to today's row (UTC) in the caller's transaction, as the last thing that it locks.

    Each attempt that ended counts as one `answered` or one `failed`; `cached` are those of the answered
    that asked nobody. Tokens are the provider's own counts, also those of an attempt that failed.
    """
    place: Place = {
        "workspace_id": workspace_id,
        "day": clock.today(),
        "bot_id": bot_id,
        "model_id": model_id,
        "key_id": key_id or "",
    }
    counts = {"answered": answered, "failed": failed, "cached": cached}
    counts |= {"tokens_in": tokens_in or 0, "tokens_out": tokens_out or 0}
    if _add(current, place, counts):
        return
    named = provider or model_id.partition(":")[0]
    if not insert_new(current, UsageDay, provider=named, **place, **counts):
        _add(current, place, counts)


def _add(current: Session, place: Place, counts: dict[str, int]) -> bool:
    return changed_one(
        current,
        update(UsageDay)
        .where(*(getattr(UsageDay, name) == value for name, value in place.items()))
        .values({name: getattr(UsageDay, name) + by for name, by in counts.items()}),
    )
