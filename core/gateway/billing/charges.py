"""What a request costs, and who pays: the balance where the operator's key serves, else the provider's bill.

A request on a key of the workspace never touches the balance. Tokens that a provider did not tell are
estimated, and said to be.
"""

from typing import Any

from core.db import work_context
from core.gateway import error_replies
from core.gateway.billing import balance, billable_extras
from core.gateway.calls import Call
from core.gateway.error_replies import Reply
from core.gateway.models import PLATFORM
from core.gateway.request_log.writer import Record
from core.gateway.routing import Candidate
from core.gateway.upstream import Answer
from core.providers.catalogue import Model
from core.usage import prices

BYTES_PER_TOKEN = 4
_FREE = "count_tokens"
"""Nobody takes money for counting."""
_UNSEEN = (
    *("image_url", "image", "input_image", "video_url", "input_audio"),
    *("file", "input_file", "document", "container_upload", "item_reference"),
)
"""Parts of a request that its provider may count as any number of tokens, whatever they are here."""
_REFERRING = ("previous_response_id", "conversation")
"""What has the provider read more than was sent."""
_LIMITS = ("max_completion_tokens", "max_output_tokens", "max_tokens")


def hold(record: Record, call: Call, candidate: Candidate) -> Reply | None:
    """Takes the most that this request may cost from the balance; the refusal where it is not there."""
    if not candidate.is_billed:
        return None
    if call.route == _FREE:
        return None
    model = candidate.offer.model
    if model is None:
        return error_replies.without_balance(call.model)
    if extra := billable_extras.non_token_charge(call.document):
        return error_replies.non_token_charge(extra)
    unseen = _has_unseen(call.document)
    tokens_in = _most_tokens_in(call, model, unseen)
    most = _answers(call) * balance.estimate(model, tokens_in, _output_limit(call))
    if balance.hold(record.workspace_id, record.id, most):
        return None
    return error_replies.without_balance(call.model, unseen)


def release(record: Record) -> None:
    """Nothing was answered, so nothing is charged. Harmless where nothing was held."""
    if record.attempts and record.attempts[-1]["source"] == PLATFORM:
        balance.release(record.id)


def settle(record: Record, candidate: Candidate, call: Call, answer: Answer) -> None:
    """Fills in tokens and cost; what was held beyond the price goes back."""
    if call.route == _FREE:
        return
    _count(record, call, answer)
    tokens_in, tokens_out = record.tokens_in or 0, record.tokens_out or 0
    if candidate.offer.model:
        record.cost_microusd = prices.estimate_cost(
            candidate.model_id, tokens_in, tokens_out
        ).microusd
    if candidate.is_billed and candidate.offer.model:
        price = balance.price(candidate.offer.model, tokens_in, tokens_out)
        with work_context():  # a stream ends after the request that began it
            record.billed_microusd = balance.settle(record.id, price)


def _most_tokens_in(call: Call, model: Model, unseen: bool) -> int:
    """A byte at least makes a token, up to the model's window; of many texts each has one of its own."""
    if call.route == "embeddings":
        return len(call.body)
    return model.context_tokens if unseen else min(len(call.body), model.context_tokens)


def _has_unseen(document: dict[str, Any]) -> bool:
    """Whether something is in it whose tokens its bytes do not bound: a picture, a file, an earlier turn."""
    if any(document.get(name) for name in _REFERRING):
        return True
    left: list[Any] = [document.get(name) for name in ("messages", "input", "system")]
    while left:
        part = left.pop()
        if isinstance(part, dict):
            if part.get("type") in _UNSEEN:
                return True
            left.extend(part.values())
        elif isinstance(part, list):
            left.extend(part)
    return False


def _answers(call: Call) -> int:
    """How many are asked for at once, those that only the best is chosen of included: each is paid for."""
    counts = [call.document.get(name) for name in ("n", "best_of")]
    count = max((one for one in counts if type(one) is int and one > 0), default=1)
    prompts = call.document.get("prompt") if call.route == "completions" else None
    return count * max(1, len(prompts)) if isinstance(prompts, list) else count


def _count(record: Record, call: Call, answer: Answer) -> None:
    usage = answer.usage
    record.tokens_in, record.tokens_out = usage.tokens_in, usage.tokens_out
    is_embedding = call.route == "embeddings"
    record.estimated = usage.tokens_in is None or (usage.tokens_out is None and not is_embedding)
    if usage.tokens_in is None:
        record.tokens_in = call.bytes_in // BYTES_PER_TOKEN
    if is_embedding:
        return
    guess = answer.bytes_out // (10 * BYTES_PER_TOKEN if call.stream else BYTES_PER_TOKEN)
    broke_off = bool(record.code)
    if usage.tokens_out is None or (broke_off and guess > usage.tokens_out):
        record.tokens_out, record.estimated = guess, True


def _output_limit(call: Call) -> int | None:
    limits = (call.document.get(name) for name in _LIMITS)
    return next((limit for limit in limits if type(limit) is int and limit > 0), None)
