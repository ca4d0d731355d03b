"""When a provider refuses a key in a live request: records the verdict and queues a confirming check."""

from sqlalchemy.exc import SQLAlchemyError

from core.errors import MevichatError
from core.keys import checks, store, verdicts
from core.keys.store import Usable
from core.log import logger
from core.providers.failures import Failure

log = logger(__name__)


def record(key: Usable, failure: Failure, model_id: str) -> bool:
    """Records the refusal. Returns whether it has just made this version of the key invalid.

    A verdict that can't be written is only logged, so that the request goes on: the next refusal tries
    again.
    """
    try:
        if not verdicts.record_refusal(key.key_id, key.version, failure, model_id):
            return False
    except (MevichatError, SQLAlchemyError) as error:
        log.error("verdict_not_written", key_id=key.key_id, error=type(error).__name__)
        return False
    log.warning("key_refused", key_id=key.key_id, version=key.version, reason=str(failure.kind))
    return True


def queue_confirmation(key: Usable, model_id: str) -> None:
    """Queues a check: if it passes, only this model was refused, and the key is valid again.

    Without Redis, the schedule checks the key within a minute.
    """
    stored = store.by_id(key.key_id)
    try:
        if stored:
            checks.confirm_later(stored, model_id)
    except MevichatError as error:
        log.warning("confirming_check_not_queued", key_id=key.key_id, error=error.code)
