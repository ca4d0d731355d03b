"""How long the log of requests is kept: thirty days, removed in small batches so that nobody waits."""

from datetime import timedelta

from sqlalchemy import delete, select

from core import clock
from core.db import transaction
from core.gateway.models import GatewayRequest

KEPT_FOR = timedelta(days=30)
AT_ONCE = 500
MAX_BATCHES = 100
"""For one round of the schedule, which has other duties; the next comes within the hour."""


def delete_old() -> int:
    """Removes requests that are older. Returns how many. What they came to stays in the days' use."""
    forgotten = 0
    for _ in range(MAX_BATCHES):
        removed = _delete_batch()
        forgotten += removed
        if removed < AT_ONCE:
            break
    return forgotten


def _delete_batch() -> int:
    old = select(GatewayRequest.id).where(GatewayRequest.at < clock.now() - KEPT_FOR)
    with transaction() as current:
        chosen = old.order_by(GatewayRequest.at).limit(AT_ONCE)
        gone = current.execute(
            delete(GatewayRequest).where(GatewayRequest.id.in_(chosen)),
            execution_options={"synchronize_session": False, "preserve_rowcount": True},
        )
    return int(getattr(gone, "rowcount", 0))
