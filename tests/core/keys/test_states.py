"""The table of a key's states: what each verdict makes of each standing, and who is told."""

import pytest

from core.keys import states
from core.keys.models import INVALID, VALID, ProviderKey
from core.keys.states import Outcome, Standing, Verdict
from core.providers.failures import KEY_FAULTS, Failure, FailureKind

VALID_KEY = Standing(VALID)
REJECTED, BROKE, UNREADABLE = (
    Standing(INVALID, reason) for reason in ("rejected", "no_credit", "unreadable")
)
REFUSED = Verdict(Outcome.refused, "rejected")
NO_CREDIT = Verdict(Outcome.refused, "no_credit")

TABLE = [
    (VALID_KEY, states.PASSED, VALID_KEY, ""),
    (VALID_KEY, states.UNSURE, VALID_KEY, ""),
    (VALID_KEY, REFUSED, REJECTED, "broke"),
    (VALID_KEY, NO_CREDIT, BROKE, "broke"),
    (VALID_KEY, states.CANNOT_BE_READ, UNREADABLE, "broke"),
    (REJECTED, states.PASSED, VALID_KEY, "recovered"),
    (REJECTED, states.UNSURE, REJECTED, ""),
    (REJECTED, REFUSED, REJECTED, ""),
    (REJECTED, NO_CREDIT, BROKE, ""),
    (REJECTED, states.CANNOT_BE_READ, UNREADABLE, ""),
    (UNREADABLE, states.PASSED, VALID_KEY, "recovered"),
    (UNREADABLE, states.UNSURE, UNREADABLE, ""),
    (UNREADABLE, REFUSED, REJECTED, ""),
    (UNREADABLE, states.CANNOT_BE_READ, UNREADABLE, ""),
]


@pytest.mark.parametrize(("before", "verdict", "now", "news"), TABLE)
def test_what_a_verdict_makes_of_a_key(before, verdict, now, news):
    assert states.after(before, verdict) == now
    assert states.news(before, now) == news


@pytest.mark.parametrize("kind", list(FailureKind))
def test_only_the_keys_own_faults_speak_against_it(kind):
    verdict = states.verdict_of(Failure(kind, "Words.", request_id="req_1"))
    if kind in KEY_FAULTS:
        assert verdict == Verdict(Outcome.refused, str(kind), "Words.", "req_1")
    else:
        assert verdict == states.UNSURE


def test_no_failure_is_a_pass():
    assert states.verdict_of(None) == states.PASSED


@pytest.mark.parametrize(
    ("plan", "status", "reason", "enabled", "state", "unusable"),
    [
        (True, VALID, "", True, "valid", ""),
        (True, VALID, "", False, "disabled", "key_disabled"),
        (True, INVALID, "rejected", True, "invalid", "key_rejected"),
        (True, INVALID, "rejected", False, "invalid", "key_disabled"),
        (True, INVALID, "unreadable", True, "unreadable", "key_unreadable"),
        (False, VALID, "", True, "dormant", "plan_without_keys"),
        (False, INVALID, "unreadable", False, "dormant", "plan_without_keys"),
    ],
)
def test_the_one_word_for_a_row_and_the_first_reason_against_it(
    plan, status, reason, enabled, state, unusable
):
    key = ProviderKey(status=status, reason=reason, enabled=enabled)
    assert states.state_of(key, plan) == state
    assert states.unusable_reason(key, plan) == unusable


def test_no_key_is_a_reason_of_its_own():
    assert states.unusable_reason(None, True) == "no_key"
    assert states.unusable_reason(None, False) == "plan_without_keys"
