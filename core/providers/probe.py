"""Tests a key with the smallest real request that its provider answers.

Listing models proves less: a key without credit or inference permission lists them too.
"""

from dataclasses import dataclass, field
from time import sleep

from core.providers.catalogue import Provider
from core.providers.client import Timeouts, complete_chat
from core.providers.failures import Failure, FailureKind
from core.providers.formats.request import ChatRequest, Text, Turn
from core.providers.formats.response import ChatResponse
from core.providers.wire import Endpoint

OUTPUT_TOKENS = 16  # Fewer fail on models that reason; OpenAI's own minimum elsewhere is 16.
TIMEOUTS = Timeouts(first_byte_seconds=30, total_seconds=45)
PAUSE_SECONDS = 1.0
"""Before a provider that refuses good keys now and then is asked again."""
_QUESTION = (Turn("user", (Text("ping"),)),)
_ALWAYS_LIMITED = ("messages",)
"""Formats in which every request has a limit."""
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

    Any answer passes, an empty one too: reasoning may use up all the tokens.
    """
    failure = Failure(FailureKind.model_unavailable, f"{provider.name} has no model to test with.")
    for model in provider.probe_models:
        answer = _Probe(endpoint, secret, provider, model, timeouts).run()
        if isinstance(answer, ChatResponse):
            return ProbeOutcome(model)
        if failure.kind is not FailureKind.no_permission or not _is_about_the_model(
            answer, provider
        ):
            failure = answer
        if not _is_about_the_model(answer, provider):
            break
    return ProbeOutcome(failure=failure)


def _is_about_the_model(failure: Failure, provider: Provider) -> bool:
    """With permissions per model, a missing one says nothing about the next model."""
    by_model = provider.auth == "sigv4" and failure.kind is FailureKind.no_permission
    return by_model or failure.kind is FailureKind.model_unavailable


@dataclass(frozen=True, slots=True)
class _Probe:
    """One question to one model, with one key."""

    endpoint: Endpoint
    secret: str = field(repr=False)
    provider: Provider
    model: str
    timeouts: Timeouts

    def run(self) -> ChatResponse | Failure:
        """The answer; a refusal that may be temporary is retried once."""
        answer = self._ask()
        if isinstance(answer, Failure) and self._may_pass(answer):
            sleep(PAUSE_SECONDS)
            answer = self._ask()
        return answer

    def _may_pass(self, failure: Failure) -> bool:
        return self.provider.refuses_in_passing and failure.kind in _REFUSED

    def _ask(self) -> ChatResponse | Failure:
        """One try, and another without the limit if the provider objects to that parameter."""
        answer = self._send(OUTPUT_TOKENS)
        can_omit = self.endpoint.route not in _ALWAYS_LIMITED
        if isinstance(answer, Failure) and can_omit and _objects_to_limit(answer):
            answer = self._send(None)
        return answer

    def _send(self, max_tokens: int | None) -> ChatResponse | Failure:
        request = ChatRequest(
            turns=_QUESTION,
            max_tokens=max_tokens,
            output_limit_field=self.provider.output_limit_field,
        )
        return complete_chat(self.endpoint, self.secret, request, self.model, self.timeouts)


def _objects_to_limit(failure: Failure) -> bool:
    words = f"{failure.provider_code} {failure.message}".lower()
    named = any(part in words for part in ("max_tokens", "max_completion", "unsupported_param"))
    return failure.kind is FailureKind.bad_request and named
