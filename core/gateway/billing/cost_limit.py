"""The most that a request may cost: the amount to hold before a provider is called.

It is never below the provider's bill. Where a request sets no bound (no output limit, an image), the
model's own limit applies.
"""

import re
from typing import Any

from core.gateway.attempts import Attempt
from core.gateway.billing import balance, output_limits
from core.gateway.calls import Call
from core.providers.catalogue import Model

PROVIDER_PROMPT_TOKENS = 2_000
"""An upper bound of what providers add to the prompt for tools and JSON schemas."""
_UNSEEN = re.compile(r"image|video|audio|file|document|pdf|upload|screenshot|reference")
"""Matches the types of content whose tokens can't be estimated from their size."""
_REFERRING = ("previous_response_id", "conversation", "thread")
"""Fields that make the provider read more than the request contains."""
_EXTENDING = ("tools", "functions", "response_format", "output_config", "output_format")


def most_microusd(attempt: Attempt, model: Model) -> int:
    """The most that this attempt may cost, in micro-dollars. Call `output_limits.check` first."""
    tokens_in, limit = _most_tokens_in(attempt, model), _output_limit(attempt, model)
    return _answers(attempt.call) * balance.estimate(model, tokens_in, limit)


def has_unseen(call: Call) -> bool:
    """Whether it contains or refers to content of unknown size: an image, a file, an earlier response."""
    document = call.document
    if any(document.get(name) for name in _REFERRING):
        return True
    if call.route == "responses" and document.get("prompt"):
        return True
    left: list[Any] = [document.get(name) for name in ("messages", "input", "system")]
    while left:
        part = left.pop()
        if isinstance(part, dict):
            if _UNSEEN.search(str(part.get("type") or "")):
                return True
            left.extend(part.values())
        elif isinstance(part, list):
            left.extend(part)
    return False


def _most_tokens_in(attempt: Attempt, model: Model) -> int:
    """A token has at least one byte. Embeddings may have many inputs, each with a window of its own."""
    call = attempt.call
    size = len(call.body) if attempt.same_format else max(len(call.body), len(attempt.body))
    if call.route == "embeddings":
        return size
    if has_unseen(call):
        return model.context_tokens
    if any(call.document.get(name) for name in _EXTENDING):
        size += PROVIDER_PROMPT_TOKENS
    return min(size, model.context_tokens)


def _output_limit(attempt: Attempt, model: Model) -> int | None:
    """The request's largest output limit; None without the one that the provider reads."""
    limits = output_limits.limits_of(attempt.call)
    is_chat = attempt.same_format and attempt.call.route == "chat"
    if is_chat and model.output_limit_field not in limits:
        return None
    return max(limits.values(), default=None)


def _answers(call: Call) -> int:
    """The number of answers: `n` for each prompt."""
    prompts = call.document.get("prompt") if call.route == "completions" else None
    return output_limits.answers_of(call) * max(1, len(prompts) if isinstance(prompts, list) else 1)
