"""The schedule of checks: a key that broke is asked again and again, a good one once a day.

A key that recovers so comes back by itself. The pauses grow from five minutes to a day (`verdicts`);
keys that are switched off, or asleep on a plan without keys, are left alone.
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
"""After which a check that never came to its end is due again."""
MAX_BATCH = 20

log = logger(__name__)


def recheck_due() -> int:
    """Queues a check of each key whose time has come. Returns how many."""
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
    """Of several schedules, one takes the key."""
    with transaction() as current:
        taken = changed_one(
            current,
            update(ProviderKey)
            .where(ProviderKey.id == key.id, ProviderKey.recheck_at == key.recheck_at)
            .values(recheck_at=clock.now() + CLAIMED_FOR),
        )
    if not taken:
        return False
    try:
        checks.recheck_later(key)
    except Busy:
        log.warning("recheck_not_queued", key_id=key.id)
        return False
    return True
