"""Proves a key by the smallest real answer that its provider sells.

Listing models proves less: a key without credit or without the right to inference lists them too.
"""

from dataclasses import dataclass, replace
from time import sleep

from core.providers.catalogue import Provider
from core.providers.client import Timeouts, complete_chat
from core.providers.failures import Failure, FailureKind
from core.providers.wire import ChatRequest, Completion, Endpoint, Turn

OUTPUT_TOKENS = 16  # Fewer fail on models that reason; OpenAI's own minimum elsewhere is 16.
TIMEOUTS = Timeouts(first_byte_seconds=30, total_seconds=45)
PAUSE_SECONDS = 1.0
"""Before a provider that refuses good keys now and then is asked again."""
_REFUSED = (FailureKind.rejected, FailureKind.transient_auth)


@dataclass(frozen=True, slots=True)
class ProbeOutcome:
    """Passed on `model`, or failed. Whether a failure speaks against the key: `is_key_fault`."""

    model: str = ""
    failure: Failure | None = None

    @property
    def passed(self) -> bool:
        return self.failure is None


def probe(
    endpoint: Endpoint, secret: str, provider: Provider, timeouts: Timeouts = TIMEOUTS
) -> ProbeOutcome:
    """Asks the provider's probe models, one after the other until one is available.

    Any answer without an error passes, an empty one too: reasoning may use up all the tokens.
    """
    failure = Failure(FailureKind.model_unavailable, f"{provider.name} has no model to test with.")
    for model in provider.probe_models:
        answer = _patiently(endpoint, secret, provider, _request(provider, model), timeouts)
        if isinstance(answer, Completion):
            return ProbeOutcome(model)
        if failure.kind is not FailureKind.no_permission or not _is_about_the_model(
            answer, provider
        ):
            failure = answer
        if not _is_about_the_model(answer, provider):
            break
    return ProbeOutcome(failure=failure)


def _is_about_the_model(failure: Failure, provider: Provider) -> bool:
    """Where each model is allowed by itself, a permission that lacks says nothing of the next one."""
    by_model = provider.auth == "sigv4" and failure.kind is FailureKind.no_permission
    return by_model or failure.kind is FailureKind.model_unavailable


def _patiently(
    endpoint: Endpoint, secret: str, provider: Provider, request: ChatRequest, timeouts: Timeouts
) -> Completion | Failure:
    """One question; a refusal that may pass is asked for twice."""
    answer = _ask(endpoint, secret, request, timeouts)
    if isinstance(answer, Failure) and provider.refuses_in_passing and answer.kind in _REFUSED:
        sleep(PAUSE_SECONDS)
        answer = _ask(endpoint, secret, request, timeouts)
    return answer


def _request(provider: Provider, model: str) -> ChatRequest:
    turns = (Turn("user", "ping"),)
    return ChatRequest(model, "", turns, OUTPUT_TOKENS, provider.output_limit_field)


def _ask(
    endpoint: Endpoint, secret: str, request: ChatRequest, timeouts: Timeouts
) -> Completion | Failure:
    """One question; asked once more without the limit if the provider objects to that parameter."""
    answer = complete_chat(endpoint, secret, request, timeouts)
    if isinstance(answer, Failure) and _objects_to_limit(answer):
        answer = complete_chat(
            endpoint, secret, replace(request, output_limit_field=None), timeouts
        )
    return answer


def _objects_to_limit(failure: Failure) -> bool:
    words = f"{failure.provider_code} {failure.message}".lower()
    named = any(part in words for part in ("max_tokens", "max_completion", "unsupported_param"))
    return failure.kind is FailureKind.bad_request and named
