"""What follows a failed attempt: the same key again, the next key, or the end. Pure (spec §7)."""

from enum import StrEnum

from core.gateway.upstream import Refused
from core.providers.failures import KEY_FAULTS, FailureKind

MAX_WAIT_SECONDS = 5.0

FINAL = frozenset({FailureKind.bad_request, FailureKind.model_unavailable, FailureKind.cancelled})
"""The request or the model is at fault: another key changes nothing."""
FINAL_STATUSES = frozenset({400, 404, 413, 422})
ONCE_MORE = frozenset(
    {
        FailureKind.unavailable,
        FailureKind.overloaded,
        FailureKind.truncated,
        FailureKind.malformed,
        FailureKind.transient_auth,
    }
)
"""Temporary failures, worth retrying with the same key. Time-outs are too slow to retry."""
ABOUT_THE_SERVICE = frozenset({FailureKind.unavailable, FailureKind.overloaded})
"""Kinds that a body may report under a status about the request: then the status counts."""


class Step(StrEnum):
    again = "again"
    next = "next"
    final = "final"


def next_step(refused: Refused, last_try: bool, wait_seconds: float, is_last_key: bool) -> Step:
    """`wait_seconds` is the cooldown in the provider's response.

    A short wait is worthwhile if no other key is left.
    """
    kind = refused.failure.kind
    if kind in FINAL or (kind in ABOUT_THE_SERVICE and refused.status in FINAL_STATUSES):
        return Step.final
    if kind in KEY_FAULTS or last_try:
        return Step.next
    if wait_seconds:
        return Step.again if is_last_key and wait_seconds <= MAX_WAIT_SECONDS else Step.next
    return Step.again if kind in ONCE_MORE else Step.next
