"""The catalogue's models as rows: which keys serve each of them, and why others don't."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from core import ordering
from core.gateway import models_endpoint, serving
from core.gateway.access import Caller
from core.ordering import Order
from core.providers import catalogue
from core.providers.catalogue import Model
from web.console import retiring_models
from web.console.gateway import routing_text


@dataclass(frozen=True)
class ModelRow:
    """One model name, for all providers that have it. `model` is the first provider's."""

    id: str
    model: Model
    providers: tuple[str, ...]
    served_by: tuple[str, ...]
    why_not: tuple[str, ...]

    @property
    def price(self) -> str:
        model = self.model
        dollars = (model.price_in_microusd_per_mtok, model.price_out_microusd_per_mtok)
        return " / ".join(f"${amount / 1_000_000:.2f}" for amount in dollars)

    @property
    def is_free(self) -> bool:
        model = self.model
        return not (model.price_in_microusd_per_mtok or model.price_out_microusd_per_mtok)

    @property
    def retirement(self) -> str:
        return retiring_models.mark(self.model)

    @property
    def is_retired(self) -> bool:
        return retiring_models.is_over(self.model)


COLUMNS = ("answers", "name", "price", "-context")
_BY: dict[str, Callable[[ModelRow], Any]] = {
    "answers": lambda row: not row.served_by,
    "name": lambda row: row.model.name.casefold(),
    "price": lambda row: row.model.price_out_microusd_per_mtok,
    "context": lambda row: row.model.context_tokens,
}


def rows_of(caller: Caller, words: str = "", provider: str = "") -> list[ModelRow]:
    """The matching models, in the catalogue's order."""
    by_name: dict[str, list[Model]] = {}
    for model in catalogue.models():
        by_name.setdefault(models_endpoint.name_of(model), []).append(model)
    return [
        _row(caller, name, models)
        for name, models in by_name.items()
        if _fits(name, models, words.lower().split(), provider)
    ]


def in_order(rows: list[ModelRow], order: Order) -> list[ModelRow]:
    """Sorts the rows; by default, those that are available come first."""
    return ordering.in_rows(order, rows, _BY)


def _fits(name: str, models: list[Model], words: list[str], provider: str) -> bool:
    haystack = " ".join([name, *(f"{one.id} {one.name} {one.provider}" for one in models)]).lower()
    of_provider = not provider or any(one.provider == provider for one in models)
    return of_provider and all(word in haystack for word in words)


def _row(caller: Caller, name: str, models: list[Model]) -> ModelRow:
    route = "chat" if "chat" in models[0].serves else models[0].serves[0]
    decision = serving.decide(caller, name, route)
    first = decision.candidates[0].offer.model if decision.candidates else None
    return ModelRow(
        name,
        first or models[0],
        tuple(one.provider for one in models),
        tuple(routing_text.served_by(one) for one in decision.candidates),
        tuple(routing_text.why_not(one.provider, one.reason) for one in decision.skipped),
    )
