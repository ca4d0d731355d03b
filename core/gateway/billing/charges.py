"""What a request costs, and who pays: the balance where the operator's key serves, else the provider's bill.

A request on a key of the workspace never touches the balance. Tokens that a provider did not tell are
estimated, and said to be.
"""

from core.db import work_context
from core.errors import Invalid
from core.gateway import error_replies
from core.gateway.attempts import Attempt
from core.gateway.billing import balance, billable_extras, cost_limit, output_limits
from core.gateway.calls import Call
from core.gateway.error_replies import Reply
from core.gateway.models import PLATFORM
from core.gateway.request_log.writer import Record
from core.gateway.routing import Candidate
from core.gateway.upstream import Answer
from core.usage import prices

BYTES_PER_TOKEN = 4
_FREE = "count_tokens"
"""Nobody takes money for counting."""


def hold(record: Record, attempt: Attempt) -> Reply | None:
    """Holds the most that this request may cost. Returns the refusal if the balance can't pay for it."""
    call, candidate = attempt.call, attempt.candidate
    if not candidate.is_billed or call.route == _FREE:
        return None
    model = candidate.offer.model
    if model is None:
        return error_replies.without_balance(call.model)
    try:
        output_limits.check(call)
    except Invalid as error:
        return error_replies.not_bounded(error)
    if extra := billable_extras.non_token_charge(call.document):
        return error_replies.non_token_charge(extra)
    if balance.hold(record.workspace_id, record.id, cost_limit.most_microusd(attempt, model)):
        return None
    if owed := balance.debt_of(record.workspace_id):
        return error_replies.in_debt(call.model, owed)
    return error_replies.without_balance(call.model, cost_limit.has_unseen(call))


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
