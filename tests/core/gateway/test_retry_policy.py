"""What follows a failed attempt: every kind of failure, first and last try, last key or not."""

import pytest

from core.gateway.retry_policy import FINAL_STATUSES, MAX_WAIT_SECONDS, Step, next_step
from core.gateway.upstream import Refused
from core.providers.failures import Failure, FailureKind

FINAL = ("bad_request", "model_unavailable", "cancelled")
KEY_FAULTS = ("rejected", "no_permission", "no_credit")
ONCE_MORE = ("unavailable", "overloaded", "truncated", "malformed", "transient_auth")
NEXT_KEY = ("rate_limited", "window_exhausted", "timed_out")
ALL = (*FINAL, *KEY_FAULTS, *ONCE_MORE, *NEXT_KEY)


def step(kind, status=None, last_try=False, wait_seconds=0.0, is_last_key=False):
    refused = Refused(Failure(FailureKind(kind), "No.", status), status)
    return next_step(refused, last_try, wait_seconds, is_last_key)


def test_every_kind_of_failure_is_in_these_tables():
    assert sorted(ALL) == sorted(kind.value for kind in FailureKind)


@pytest.mark.parametrize("is_last_key", [False, True])
@pytest.mark.parametrize("last_try", [False, True])
@pytest.mark.parametrize("wait_seconds", [0.0, 1.0])
@pytest.mark.parametrize("kind", FINAL)
def test_the_request_itself_is_tried_nowhere_else(kind, wait_seconds, last_try, is_last_key):
    found = step(kind, 400, last_try, wait_seconds, is_last_key)
    assert found is Step.final


@pytest.mark.parametrize("is_last_key", [False, True])
@pytest.mark.parametrize("last_try", [False, True])
@pytest.mark.parametrize("wait_seconds", [0.0, 1.0])
@pytest.mark.parametrize("kind", KEY_FAULTS)
def test_a_bad_key_leaves_the_request_to_the_next_one(kind, wait_seconds, last_try, is_last_key):
    assert step(kind, 401, last_try, wait_seconds, is_last_key) is Step.next


@pytest.mark.parametrize("is_last_key", [False, True])
@pytest.mark.parametrize("kind", ONCE_MORE)
def test_what_passes_in_a_moment_is_tried_once_more_with_the_same_key(kind, is_last_key):
    assert step(kind, 503, is_last_key=is_last_key) is Step.again
    assert step(kind, 503, last_try=True, is_last_key=is_last_key) is Step.next


@pytest.mark.parametrize("is_last_key", [False, True])
@pytest.mark.parametrize("last_try", [False, True])
@pytest.mark.parametrize("kind", NEXT_KEY)
def test_what_lasts_longer_goes_to_the_next_key(kind, last_try, is_last_key):
    assert step(kind, 429, last_try, is_last_key=is_last_key) is Step.next


@pytest.mark.parametrize(
    ("wait_seconds", "is_last_key", "expected"),
    [
        (0.5, True, Step.again),
        (MAX_WAIT_SECONDS, True, Step.again),
        (MAX_WAIT_SECONDS + 0.1, True, Step.next),
        (0.5, False, Step.next),
        (MAX_WAIT_SECONDS + 0.1, False, Step.next),
    ],
)
@pytest.mark.parametrize("kind", [*ONCE_MORE, *NEXT_KEY])
def test_a_short_wait_is_worth_it_where_no_other_key_is_left(
    kind, wait_seconds, is_last_key, expected
):
    assert step(kind, 429, wait_seconds=wait_seconds, is_last_key=is_last_key) is expected
    assert step(kind, 429, True, wait_seconds, is_last_key) is Step.next


@pytest.mark.parametrize("last_try", [False, True])
@pytest.mark.parametrize("status", [400, 404, 413, 422])
@pytest.mark.parametrize("kind", ["unavailable", "overloaded"])
def test_a_status_about_the_request_outweighs_a_body_about_the_service(kind, status, last_try):
    assert status in FINAL_STATUSES
    assert step(kind, status, last_try) is Step.final


@pytest.mark.parametrize("status", [401, 403, 408, 429, 500, 503, 529, None])
@pytest.mark.parametrize("kind", ["unavailable", "overloaded"])
def test_any_other_status_leaves_it_to_the_body(kind, status):
    assert step(kind, status) is Step.again


@pytest.mark.parametrize("status", sorted(FINAL_STATUSES))
@pytest.mark.parametrize("kind", ["truncated", "malformed", "transient_auth"])
def test_only_what_is_said_about_the_service_is_overruled_by_the_status(kind, status):
    assert step(kind, status) is Step.again
