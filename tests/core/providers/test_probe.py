"""A probe proves a key, and says of a failure whether it speaks against the key."""

import pytest

from core.providers import catalogue
from core.providers import probe as probing
from core.providers.client import Timeouts
from core.providers.failures import is_key_fault
from core.providers.probe import probe
from core.providers.wire import Endpoint
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
    # Anthropic's own rule is that the limit must be there; elsewhere that is the way to pass.
    can_omit = side.name == "openai"
    assert outcome.passed == can_omit
    assert [limit in call.body for call in provider.calls] == [True, False][: 1 + can_omit]


def test_a_bad_request_for_another_reason_is_not_asked_again(side, provider):
    provider.next(Reply.status(400, message="You asked for something odd."))
    outcome = run(side)
    assert (outcome.failure.kind, len(provider.calls)) == ("bad_request", 1)


def test_a_provider_without_probe_models_cannot_be_probed(side, provider):
    outcome = probe(side.endpoint, side.key(), catalogue.provider("mevichat"))
    assert (outcome.failure.kind, provider.calls) == ("model_unavailable", [])


# Providers with ways of their own


def ask(provider, slug, base_url, secret):
    entry = catalogue.provider(slug)
    return probe(Endpoint(slug, entry.wire, base_url), secret, entry, LIMITS)


@pytest.fixture
def bedrock(provider):
    """The same server as AWS, with the marker's credential known."""
    provider.accept_bedrock(marker.bedrock_key())
    return provider


def ask_bedrock(provider, secret=None):
    return ask(provider, "bedrock", provider.url, secret or marker.bedrock_key())


def test_bedrock_is_asked_by_a_signed_converse(bedrock):
    outcome = ask_bedrock(bedrock)
    (call,) = bedrock.calls
    assert (outcome.model, call.path) == (
        "amazon.nova-micro-v1:0",
        "/model/amazon.nova-micro-v1%3A0/converse",
    )
    assert call.body["inferenceConfig"] == {"maxTokens": 16}


def test_a_wrong_secret_of_aws_is_rejected(bedrock):
    wrong = marker.bedrock_key().replace("ccc", "cdc", 1)
    outcome = ask_bedrock(bedrock, wrong)
    assert (outcome.failure.kind, len(bedrock.calls)) == ("rejected", 1)
    assert marker.MARKER not in repr(outcome)


def test_a_model_that_aws_does_not_allow_says_nothing_of_the_next(bedrock):
    bedrock.next(Reply.missing_scope(), times=2)
    outcome = ask_bedrock(bedrock)
    assert (outcome.model, len(bedrock.calls)) == ("eu.anthropic.claude-haiku-5-5", 3)


@pytest.mark.parametrize("denied", [0, 1, 3])
def test_a_permission_that_lacks_is_told_whichever_model_lacked_it(bedrock, denied):
    models = catalogue.provider("bedrock").probe_models
    bedrock.always(Reply.status(404))
    bedrock.when(lambda call: call.model == models[denied], Reply.missing_scope())
    assert ask_bedrock(bedrock).failure.kind == "no_permission"


def test_what_ends_the_probe_is_told_even_after_a_permission_that_lacked(bedrock):
    bedrock.next(Reply.missing_scope())
    bedrock.next(Reply.rate_limited())
    assert ask_bedrock(bedrock).failure.kind == "rate_limited"


def test_a_model_that_wants_an_inference_profile_is_passed_over(bedrock):
    words = "Invocation with on-demand throughput isn’t supported. Retry with an inference profile."
    bedrock.next(Reply.status(400, message=words))
    outcome = ask_bedrock(bedrock)
    assert (outcome.passed, len(bedrock.calls)) == (True, 2)


BUSY = {"error": {"message": "busy", "code": "401"}}
WRONG = {"error": {"message": "Invalid API Key", "code": "401", "type": "invalid_key"}}


@pytest.mark.parametrize("body", [BUSY, WRONG], ids=["busy", "wrong"])
def test_a_refusal_in_passing_is_asked_for_twice(provider, monkeypatch, body):
    monkeypatch.setattr(probing, "PAUSE_SECONDS", 0)
    secret = marker.openai_key()
    provider.next(Reply.status(401, body=body))
    assert ask(provider, "xiaomi", provider.openai_base_url, secret).passed
    provider.next(Reply.status(401, body=body), times=2)
    failure = ask(provider, "xiaomi", provider.openai_base_url, secret).failure
    assert failure.kind == ("transient_auth" if body is BUSY else "rejected")
    assert len(provider.calls) == 4


def test_minimax_refuses_under_a_200(provider):
    body = {"base_resp": {"status_code": 2049, "status_msg": "invalid api key"}}
    provider.next(Reply.status(200, body=body))
    outcome = ask(provider, "minimax", provider.openai_base_url, marker.openai_key())
    assert outcome.failure.kind == "rejected"


def test_perplexity_is_asked_for_a_response_and_may_fail_under_a_200(provider):
    words = {"code": "invalid_request", "message": "This preset is gone."}
    provider.always(Reply.status(200, body={"status": "failed", "error": words}))
    outcome = ask(provider, "perplexity", provider.url, marker.openai_key())
    assert outcome.failure.message == "This preset is gone."
    provider.always(Reply.status(200, body={"status": "completed", "output": []}))
    assert ask(provider, "perplexity", provider.url, marker.openai_key()).passed
    call = provider.calls[-1]
    assert (call.path, call.body["max_output_tokens"]) == ("/v1/responses", 16)
    assert call.body["input"] == [{"type": "message", "role": "user", "content": "ping"}]


def test_codestral_is_asked_to_fill_in(provider):
    choice = {"message": {"content": ""}, "finish_reason": "length"}
    provider.always(Reply.status(200, body={"choices": [choice]}))
    assert ask(provider, "codestral", provider.openai_base_url, marker.openai_key()).passed
    (call,) = provider.calls
    assert call.path == "/v1/fim/completions"
    assert call.body == {
        "model": "codestral-latest",
        "prompt": "ping",
        "suffix": "",
        "max_tokens": 16,
    }
