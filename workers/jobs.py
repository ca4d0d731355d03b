"""The jobs. Each calls one verb in core; arguments are ids, since RQ stores and logs them."""

from core.keys import checks
from core.outbox import sending


def check_candidate(check_id: str) -> None:
    """Behind *Validate & save*: proves a pasted key and stores it, or stores nothing."""
    checks.run_candidate(check_id)


def check_key(check_id: str, key_id: str, version: str) -> None:
    """Behind *Test* and behind a live refusal: proves a stored key's version again."""
    checks.run_key(check_id, key_id, int(version))


def send_delivery(delivery_id: str) -> None:
    """Behind every mail and webhook: one try, by whoever claims it first."""
    sending.send(delivery_id)
