"""Scheduled checks: broken keys are rechecked with growing pauses, valid keys once a day.

So a key that recovers becomes valid automatically. The pauses grow from five minutes to a day
(`verdicts`). Disabled keys, and keys on a plan without provider keys, aren't checked.
"""

from datetime import timedelta

from sqlalchemy import select, update

from core import clock
from core.accounts.models import Workspace
from core.db import changed_one, session, transaction
from core.errors import Busy
from core.keys import checks
from core.keys.models import ProviderKey
from core.log import logger
from core.plans import PLANS

CLAIMED_FOR = timedelta(minutes=10)
"""When a check that never finished is due again."""
MAX_BATCH = 20

log = logger(__name__)


def recheck_due() -> int:
    """Queues a check of each key that is due. Returns how many."""
    return sum(_recheck(key) for key in _due())


def _due() -> list[ProviderKey]:
    with_keys = [plan.key for plan in PLANS.values() if plan.provider_keys]
    rows = session().scalars(
        select(ProviderKey)
        .join(Workspace, Workspace.id == ProviderKey.workspace_id)
        .where(
            ProviderKey.recheck_at <= clock.now(),
            ProviderKey.enabled,
            Workspace.plan_key.in_(with_keys),
        )
        .order_by(ProviderKey.recheck_at)
        .limit(MAX_BATCH)
    )
    return list(rows)


def _recheck(key: ProviderKey) -> bool:
    """Claims the key, so that only one of several schedulers queues its check."""
    with transaction() as current:
        claimed = changed_one(
            current,
            update(ProviderKey)
            .where(ProviderKey.id == key.id, ProviderKey.recheck_at == key.recheck_at)
            .values(recheck_at=clock.now() + CLAIMED_FOR),
        )
    if not claimed:
        return False
    try:
        checks.recheck_later(key)
    except Busy:
        log.warning("recheck_not_queued", key_id=key.id)
        return False
    return True
