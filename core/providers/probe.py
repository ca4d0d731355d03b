"""Proves a key by the smallest real answer that its provider sells.

Listing models proves less: a key without credit or without the right to inference lists them too.
"""

from dataclasses import dataclass, replace

from core.providers.catalogue import Provider
from core.providers.client import Timeouts, complete_chat
from core.providers.failures import Failure, FailureKind
from core.providers.wire import ChatRequest, Completion, Endpoint, Turn

OUTPUT_TOKENS = 16  # Fewer fail on models that reason; OpenAI's own minimum elsewhere is 16.
TIMEOUTS = Timeouts(first_byte_seconds=30, total_seconds=45)


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
        answer = _ask(endpoint, secret, _request(provider, model), timeouts)
        if isinstance(answer, Completion):
            return ProbeOutcome(model)
        failure = answer
        if failure.kind is not FailureKind.model_unavailable:
            break
    return ProbeOutcome(failure=failure)


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
