"""Every reason why an answer can fail has its sentence, and rows keep the words they had."""

import pytest

from core.bots.answers import outcomes
from core.bots.answers.failure_messages import Reason, for_owner
from core.bots.models import COMPLETE, FAILED, INTERRUPTED
from core.keys.states import WhyUnusable
from core.providers.failures import FailureKind

HAIKU = "anthropic:claude-haiku-4-5"


@pytest.mark.parametrize("reason", Reason)
def test_a_reason_is_stored_as_its_name(reason):
    assert str(reason) == reason.value == reason.name
    assert type(reason.value) is str


def test_whatever_a_key_or_a_provider_can_say_is_a_reason():
    ours = {FailureKind.cancelled}
    assert {str(one) for one in [*WhyUnusable, *(set(FailureKind) - ours)]} <= set(Reason)


def test_a_word_that_is_no_reason_is_an_error_of_our_own():
    assert for_owner("of_an_earlier_release", HAIKU) == Reason.internal.owner


@pytest.mark.parametrize(
    ("status", "reason", "done"),
    [
        (COMPLETE, "", True),
        (INTERRUPTED, "stopped", True),
        (FAILED, "stopped", True),
        (INTERRUPTED, "process_ended", False),
        (FAILED, "overloaded", False),
    ],
)
def test_complete_or_stopped_is_done(status, reason, done):
    assert outcomes.is_done(status, reason) is done
