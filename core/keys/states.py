"""A key's states and what moves it between them: pure decisions, drawn in docs/key-states.md.

`status` is the provider's word (valid, or invalid with a reason). What a workspace can use also hangs
on a person's switch and on the plan; neither is ever moved by a verdict.
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
    """What came of asking, or of being refused."""

    passed = "passed"
    refused = "refused"
    unsure = "unsure"
    """The provider was down, slow or limiting: says nothing about the key."""


@dataclass(frozen=True)
class Verdict:
    """About one version of a key. `reason` is why it was refused, in the provider's `words`."""

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
    """What a check that ended so says of the key: only the key's own faults speak against it."""
    if failure is None:
        return PASSED
    if not is_key_fault(failure):
        return UNSURE
    return Verdict(
        Outcome.refused, str(failure.kind), failure.message[:400], (failure.request_id or "")[:100]
    )


def after(before: Standing, verdict: Verdict) -> Standing:
    """Where a key stands once that was said of it."""
    if verdict.outcome is Outcome.unsure:
        return before
    if verdict.outcome is Outcome.passed:
        return WORKS
    return Standing(INVALID, verdict.reason)


def news(before: Standing, now: Standing) -> str:
    """Whether people have to be told: it broke, it recovered, or neither."""
    if before.status == now.status:
        return STILL
    return BROKE if now.status == INVALID else RECOVERED


def state_of(key: ProviderKey, plan_has_keys: bool) -> str:
    """The one word a row shows: dormant, unreadable, invalid, disabled or valid, the first that holds."""
    if not plan_has_keys:
        return "dormant"
    if key.status != VALID:
        return UNREADABLE if key.reason == UNREADABLE else "invalid"
    return "valid" if key.enabled else "disabled"


def unusable_reason(key: ProviderKey | None, plan_has_keys: bool) -> str:
    """The first reason against using the key, or "": the plan, its absence, the switch, its status."""
    if not plan_has_keys:
        return WhyUnusable.plan_without_keys
    if key is None:
        return WhyUnusable.no_key
    if not key.enabled:
        return WhyUnusable.key_disabled
    return "" if key.status == VALID else f"key_{key.reason}"
