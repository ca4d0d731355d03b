"""A gateway request as its row and its page show it, with its outcome in words."""

from dataclasses import dataclass

from core.gateway import error_replies
from core.gateway.models import GatewayRequest
from core.usage.prices import Estimate
from web.console.gateway import routing_text
from web.console.usage import totals as usage_totals

LEFT = "client_left"
_PER_DOLLAR = 1_000_000
_SENTENCES = {
    LEFT: "The client disconnected before the answer finished. What it had received was counted.",
    "no_balance": "No key of the workspace serves this model, and the balance was too low.",
    "not_paid_from_balance": "No key of the workspace serves this model, and a balance pays for tokens only.",
    "model_not_found": "Model not found.",
    "no_key_for_model": "No key of the workspace serves this model.",
    "format_not_served": "No provider serves this model in this format.",
    error_replies.EXHAUSTED: "Every key that serves this model failed or is marked invalid. See the attempts.",
}


@dataclass(frozen=True)
class RequestRow:
    request: GatewayRequest
    name: str
    """The name of the token, or of the person who used Try it."""

    @property
    def state(self) -> str:
        if self.request.code == LEFT:
            return "interrupted"
        return "failed" if self.request.code else "complete"

    @property
    def state_word(self) -> str:
        words = {"interrupted": "Interrupted", "failed": "Failed", "complete": "Answered"}
        return words[self.state]

    @property
    def sentence(self) -> str:
        code = self.request.code
        if code.startswith("upstream_") and self.request.status == 200:
            return "The provider failed mid-answer."
        return _SENTENCES.get(code, "The provider refused this request." if code else "")

    @property
    def provider_name(self) -> str:
        slug = self.request.provider
        return routing_text.provider_name(slug) if slug else "–"

    @property
    def key_words(self) -> str:
        return routing_text.key_words(self.request.key_source, self.request.provider)

    @property
    def estimate(self) -> str:
        cost = self.request.cost_microusd
        return "–" if cost is None else usage_totals.dollars(Estimate(cost))

    @property
    def billed(self) -> str:
        return usage_totals.dollars(Estimate(self.request.billed_microusd))

    @property
    def trail(self) -> str:
        return error_replies.trail(self.request.attempts)

    @property
    def attempts(self) -> list[tuple[str, str, str, int]]:
        """For each attempt: provider, whose key, outcome, milliseconds."""
        return [
            (
                routing_text.provider_name(one["provider"]),
                routing_text.key_words(one["source"], one["provider"]),
                " ".join(filter(None, [str(one["status"] or ""), one["kind"].replace("_", " ")])),
                one["ms"],
            )
            for one in self.request.attempts
        ]

    @staticmethod
    def usd(microusd: int | None) -> str:
        """Exact, for CSV."""
        if microusd is None:
            return ""
        return f"{microusd // _PER_DOLLAR}.{microusd % _PER_DOLLAR:06}"
