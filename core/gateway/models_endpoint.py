"""The available models, and how a request for one would be routed, without sending it."""

from dataclasses import dataclass
from typing import Any

from core.errors import Invalid, NotFound
from core.gateway import serving
from core.gateway.access import Caller
from core.gateway.calls import MAX_MODEL_LENGTH
from core.providers import catalogue

ROUTES = ("chat", "responses", "messages", "completions", "fim", "embeddings")


@dataclass(frozen=True, slots=True)
class Listed:
    """A model by its public name, with the providers that can serve it now, in routing order."""

    id: str
    name: str
    providers: tuple[str, ...]


def models_for(caller: Caller) -> list[Listed]:
    """Every model that the caller can use now."""
    found = (_listed(caller, model) for model in _by_name().values())
    return [one for one in found if one.providers]


def model_for(caller: Caller, name: str) -> Listed:
    """The model with that name; raises `NotFound` if no provider can serve it."""
    known = _by_name().get(name)
    decision = serving.decide(
        caller, name[:MAX_MODEL_LENGTH], _route_of(known) if known else "chat"
    )
    providers = tuple(candidate.provider for candidate in decision.candidates)
    if not providers:
        raise NotFound(
            f"There’s no model “{name[:100]}” here. GET /v1/models lists the available models."
        )
    return Listed(name, name, providers)


def explain(caller: Caller, name: str, route: str) -> dict[str, Any]:
    """The routing decision as plain data: the candidates in order, and why other providers are skipped."""
    if not name or len(name) > MAX_MODEL_LENGTH:
        raise Invalid("Name the model: /v1/route?model=claude-haiku-4-5", "model")
    if route not in ROUTES:
        raise Invalid(f"“format” is one of {', '.join(ROUTES)}.", "format")
    decision = serving.decide(caller, name, route)
    return {
        "model": name,
        "format": route,
        "tried": [
            {
                "provider": one.provider,
                "model": one.model_id,
                "upstream_model": one.offer.upstream_model,
                "key_source": one.source,
                "format": one.route,
                "translated": one.route != route,
            }
            for one in decision.candidates
        ],
        "not_tried": [{"provider": one.provider, "reason": one.reason} for one in decision.skipped],
        "refusal": decision.refusal,
    }


def name_of(model: catalogue.Model) -> str:
    """The bare name, or the name with its provider if only that is unambiguous."""
    bare = model.id.partition(":")[2]
    return f"{model.provider}/{bare}" if catalogue.provider(model.provider).direct else bare


def _by_name() -> dict[str, catalogue.Model]:
    return {name_of(model): model for model in reversed(catalogue.models())}


def _listed(caller: Caller, model: catalogue.Model) -> Listed:
    decision = serving.decide(caller, name_of(model), _route_of(model))
    return Listed(name_of(model), model.name, tuple(one.provider for one in decision.candidates))


def _route_of(model: catalogue.Model) -> str:
    """A format in which it can be requested."""
    return "chat" if "chat" in model.serves else model.serves[0]
