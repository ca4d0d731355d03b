"""Estimates the cost of tokens from the dated prices in the catalogue, in millionths of a dollar.

The provider bills the tokens, and its dashboard is authoritative. An unknown price never counts as 0.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from core.providers import catalogue

_PER = 1_000_000
"""Prices are for so many tokens."""


@dataclass(frozen=True)
class Estimate:
    """`microusd` is what is known of it; `whole` whether that is all."""

    microusd: int = 0
    whole: bool = True

    def __add__(self, other: "Estimate") -> "Estimate":
        return Estimate(self.microusd + other.microusd, self.whole and other.whole)

    @property
    def dollars(self) -> str:
        """`1.204500`, exact; "" where no part of it is known."""
        if not self.whole and not self.microusd:
            return ""
        return f"{self.microusd // _PER}.{self.microusd % _PER:06}"


def estimate_cost(model_id: str, tokens_in: int, tokens_out: int) -> Estimate:
    """Rounded half up to a millionth of a dollar. Without tokens nothing was billed, at any price."""
    try:
        model = catalogue.model(model_id)
    except LookupError:
        return Estimate(0, whole=not (tokens_in or tokens_out))
    total = tokens_in * model.price_in_microusd_per_mtok
    total += tokens_out * model.price_out_microusd_per_mtok
    return Estimate((total + _PER // 2) // _PER)


def priced_on(model_ids: Iterable[str]) -> date | None:
    """The oldest date of the prices of these models, if any has one."""
    return min(filter(None, map(_priced_on, model_ids)), default=None)


def _priced_on(model_id: str) -> date | None:
    try:
        return catalogue.model(model_id).priced_on
    except LookupError:
        return None
