"""A key's states and the transitions between them: pure functions, see docs/key-states.md.

`status` comes from the provider (valid, or invalid with a reason). Whether a workspace can use the key
also depends on `enabled` and on the plan; a verdict never changes those.
"""

from dataclasses import dataclass
from enum import StrEnum

from core.keys.models import INVALID, VALID, ProviderKey
from core.providers.failures import Failure, is_key_fault

UNREADABLE = "unreadable"

BROKE, RECOVERED, STILL = "broke", "recovered", ""


class WhyUnusable(StrEnum):
    """Why a workspace's key cannot be used. Those of a status are `key_` and the status's reason."""

    plan_without_keys = "plan_without_keys"
    no_key = "no_key"
    key_disabled = "key_disabled"
    key_rejected = "key_rejected"
    key_no_permission = "key_no_permission"
    key_no_credit = "key_no_credit"
    key_unreadable = "key_unreadable"


class Outcome(StrEnum):
    """The result of a check or of a live refusal."""

    passed = "passed"
    refused = "refused"
    unsure = "unsure"
    """The provider was down, slow or rate-limiting, which says nothing about the key."""


@dataclass(frozen=True)
class Verdict:
    """About one version of a key. `reason` is why it was refused; `words` is the provider's message."""

    outcome: Outcome
    reason: str = ""
    words: str = ""
    request_id: str = ""


PASSED = Verdict(Outcome.passed)
UNSURE = Verdict(Outcome.unsure)
CANNOT_BE_READ = Verdict(Outcome.refused, UNREADABLE)


@dataclass(frozen=True)
class Standing:
    """A row's status with its reason, "" when it is valid."""

    status: str
    reason: str = ""


WORKS = Standing(VALID)


def verdict_of(failure: Failure | None) -> Verdict:
    """The verdict for a check's failure (None: passed). Only the key's own faults count against it."""
    if failure is None:
        return PASSED
    if not is_key_fault(failure):
        return UNSURE
    return Verdict(
        Outcome.refused, str(failure.kind), failure.message[:400], (failure.request_id or "")[:100]
    )


def after(before: Standing, verdict: Verdict) -> Standing:
    """The key's standing after a verdict."""
    if verdict.outcome is Outcome.unsure:
        return before
    if verdict.outcome is Outcome.passed:
        return WORKS
    return Standing(INVALID, verdict.reason)


def news(before: Standing, now: Standing) -> str:
    """The change that people are notified of: broke, recovered, or neither."""
    if before.status == now.status:
        return STILL
    return BROKE if now.status == INVALID else RECOVERED


def state_of(key: ProviderKey, plan_has_keys: bool) -> str:
    """The state shown in a row: the first that applies of dormant, unreadable, invalid, disabled, valid."""
    if not plan_has_keys:
        return "dormant"
    if key.status != VALID:
        return UNREADABLE if key.reason == UNREADABLE else "invalid"
    return "valid" if key.enabled else "disabled"


def unusable_reason(key: ProviderKey | None, plan_has_keys: bool) -> str:
    """The first reason why the key can't be used, or "": plan, missing key, disabled, status."""
    if not plan_has_keys:
        return WhyUnusable.plan_without_keys
    if key is None:
        return WhyUnusable.no_key
    if not key.enabled:
        return WhyUnusable.key_disabled
    return "" if key.status == VALID else f"key_{key.reason}"
