"""A probe proves a key, and says of a failure whether it speaks against the key."""

import pytest

from core.providers import catalogue
from core.providers.client import Timeouts
from core.providers.failures import is_key_fault
from core.providers.probe import probe
from tests import marker
from tests.providers import Reply

LIMITS = Timeouts(2, 0.5, 5, 5)


def run(side, key=None, timeouts=LIMITS):
    return probe(side.endpoint, key or side.key(), catalogue.provider(side.name), timeouts)


def test_a_good_key_passes_on_the_first_probe_model_with_sixteen_tokens(side, provider):
    outcome = run(side)
    first = catalogue.provider(side.name).probe_models[0]
    (call,) = provider.calls
    assert (outcome.passed, outcome.model, call.model) == (True, first, first)
    assert {call.body.get("max_tokens"), call.body.get("max_completion_tokens")} == {16, None}
    assert not call.stream


def test_models_that_are_not_available_are_passed_over(side, provider):
    *gone, last = catalogue.provider(side.name).probe_models
    provider.unknown_models.update(gone)
    outcome = run(side)
    assert (outcome.passed, outcome.model) == (True, last)
    assert [call.model for call in provider.calls] == [*gone, last]


def test_no_model_available_is_no_verdict_on_the_key(side, provider):
    models = catalogue.provider(side.name).probe_models
    provider.unknown_models.update(models)
    outcome = run(side)
    assert not outcome.passed
    assert outcome.failure.kind == "model_unavailable"
    assert not is_key_fault(outcome.failure)
    assert len(provider.calls) == len(models)


@pytest.mark.parametrize(
    ("reply", "against_the_key"),
    [
        (Reply.status(401), True),
        (Reply.status(403), True),
        (Reply.insufficient_quota(), True),
        (Reply.low_balance(), True),
        (Reply.rate_limited(), False),
        (Reply.overloaded(), False),
        (Reply.status(500), False),
        (Reply.html_page(), False),
        (Reply().slowly(first_byte_seconds=2), False),
        (Reply.cut(), False),
        (Reply.redirect("http://127.0.0.1:1/"), False),
        (Reply.html_page(200), False),
    ],
)
def test_a_failure_ends_the_probe_and_some_speak_against_the_key(
    side, provider, reply, against_the_key
):
    provider.always(reply)
    outcome = run(side)
    assert not outcome.passed
    assert is_key_fault(outcome.failure) == against_the_key
    assert len(provider.calls) == 1
    assert marker.MARKER not in repr(outcome)


@pytest.mark.parametrize("text", ["", "pong"])
def test_an_empty_answer_passes_too(side, provider, text):
    provider.next(Reply.answer(text, at_limit=True))
    assert run(side).passed


def test_a_limit_that_the_model_does_not_know_is_left_out(side, provider):
    limit = catalogue.provider(side.name).output_limit_field
    message = f"Unsupported parameter: '{limit}' is not supported with this model."
    provider.when(lambda call: limit in call.body, Reply.status(400, message=message))
    outcome = run(side)
    assert len(provider.calls) == 2
    assert limit not in provider.calls[1].body
    # Anthropic's own rule is that the limit must be there; elsewhere that is the way to pass.
    assert outcome.passed == (side.name == "openai")


def test_a_bad_request_for_another_reason_is_not_asked_again(side, provider):
    provider.next(Reply.status(400, message="You asked for something odd."))
    outcome = run(side)
    assert (outcome.failure.kind, len(provider.calls)) == ("bad_request", 1)


def test_a_provider_without_probe_models_cannot_be_probed(side, provider):
    outcome = probe(side.endpoint, side.key(), catalogue.provider("mevichat"))
    assert (outcome.failure.kind, provider.calls) == ("model_unavailable", [])
