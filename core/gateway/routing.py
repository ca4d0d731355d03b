"""Routing: which key serves a model. A decision without I/O, for requests and for explaining them.

A model is requested by its bare name (`claude-haiku-4-5`: any provider that has it), or pinned to a
provider (`bedrock/claude-haiku-4-5`, `fireworks/accounts/…`). The workspace's provider order
decides, then the catalogue's. The operator's key is used only if the workspace has no enabled key,
never to replace one that failed.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from core.gateway.models import PLATFORM, WORKSPACE
from core.gateway.workspace_keys import Key
from core.keys.states import WhyUnusable
from core.providers import catalogue, endpoints
from core.providers.catalogue import Model, Provider

TRANSLATED = ("chat", "responses", "messages")
"""The callers' formats that can be translated into each other, and into Bedrock's."""
_NO_FORMAT = "format_not_served"
_OF_CHAT = (*TRANSLATED, "count_tokens", "completions")
_INTO = ("messages", "converse", "chat", "responses")
"""The target formats of a translation, in order of preference."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A provider that has the model, with its name there."""

    provider: Provider
    model_id: str
    upstream_model: str
    model: Model | None
    """None if the catalogue does not list it: then no price is known."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One key to try. `key` is None for the operator's key."""

    offer: Offer
    route: str
    """The format of the request to the provider."""
    source: str
    key: Key | None

    @property
    def provider(self) -> str:
        return self.offer.provider.slug

    @property
    def model_id(self) -> str:
        return self.offer.model_id

    @property
    def is_billed(self) -> bool:
        """Whether the balance pays: the operator's key serves, and the model isn't Mini, which is free."""
        return self.source == PLATFORM and self.provider != endpoints.MINI


@dataclass(frozen=True, slots=True)
class Skipped:
    """A provider that has the model but can't serve it here; `reason` is a code."""

    provider: str
    reason: str


@dataclass(frozen=True, slots=True)
class Decision:
    """The candidates in the order to try, and the skipped providers.

    `refusal` is why there is no candidate, or "".
    """

    candidates: tuple[Candidate, ...]
    skipped: tuple[Skipped, ...]
    refusal: str = ""


def decide(
    model_name: str,
    route: str,
    keys: Mapping[str, Key],
    key_order: Iterable[str],
    plan_has_keys: bool,
    platform_has: Callable[[str], bool],
) -> Decision:
    """Decides how a request for that model in that format is routed. Pure."""
    offers = offers_of(model_name)
    if not offers:
        return Decision((), (), "model_not_found")
    usable, skipped, candidates = [], [], []
    for offer in _ordered(offers, list(key_order)):
        found = _at(offer, route, keys, plan_has_keys)
        if isinstance(found, Candidate):
            candidates.append(found)
        else:
            skipped.append(found)
        if not isinstance(found, Skipped) or found.reason != _NO_FORMAT:
            usable.append(offer)
    if not candidates and not any(_is_enabled(keys, offer) for offer in usable):
        candidates = [
            Candidate(offer, _route_at(offer, route), PLATFORM, None)
            for offer in usable
            if platform_has(offer.provider.slug)
        ]
    refusal = "" if candidates else _refusal(keys, usable)
    return Decision(tuple(candidates), tuple(skipped), refusal)


def _at(
    offer: Offer, route: str, keys: Mapping[str, Key], plan_has_keys: bool
) -> Candidate | Skipped:
    """Whether this provider is a candidate: with the workspace's key, or as Mini, which needs none."""
    slug, into = offer.provider.slug, _route_at(offer, route)
    key = keys.get(slug)
    if not into:
        return Skipped(slug, _NO_FORMAT)
    if slug == endpoints.MINI:
        return Candidate(offer, into, PLATFORM, None)
    if key and not key.why_unusable:
        return Candidate(offer, into, WORKSPACE, key)
    absent = WhyUnusable.no_key if plan_has_keys else WhyUnusable.plan_without_keys
    return Skipped(slug, key.why_unusable if key else absent)


def offers_of(model_name: str) -> list[Offer]:
    """Every provider that has a model of that name, in the catalogue's order."""
    for separator in ("/", ":"):
        slug, found, name = model_name.partition(separator)
        if found and name and slug in _slugs():
            return [_pinned(catalogue.provider(slug), name)]
    listed = [_listed(model) for model in catalogue.serving(model_name) if not _is_direct(model)]
    return listed or [_pinned(provider, model_name) for provider in _by_prefix(model_name)]


def _listed(model: Model) -> Offer:
    provider = catalogue.provider(model.provider)
    return Offer(provider, model.id, endpoints.upstream_model(model), model)


def _pinned(provider: Provider, name: str) -> Offer:
    """By our name for it, or by the provider's own."""
    known = (model for model in catalogue.models() if model.provider == provider.slug)
    for model in known:
        if name in (model.id.partition(":")[2], model.upstream_id):
            return _listed(model)
    return Offer(provider, f"{provider.slug}:{name}", name, None)


def _is_direct(model: Model) -> bool:
    return catalogue.provider(model.provider).direct


def _by_prefix(name: str) -> list[Provider]:
    """By prefix: finds models that are too new for the catalogue."""
    fitting = [
        (len(prefix), provider)
        for provider in catalogue.providers()
        for prefix in provider.model_prefixes
        if name.startswith(prefix)
    ]
    longest = max((length for length, _ in fitting), default=0)
    return [provider for length, provider in fitting if length == longest]


def _slugs() -> set[str]:
    return {provider.slug for provider in catalogue.providers()}


def _ordered(offers: list[Offer], order: list[str]) -> list[Offer]:
    rank = {slug: place for place, slug in enumerate(order)}
    return sorted(offers, key=lambda offer: rank.get(offer.provider.slug, len(rank)))


def _route_at(offer: Offer, route: str) -> str:
    """The format for requests to that provider; "" if it can't serve this one."""
    paths = offer.provider.paths
    kind = "chat" if route in _OF_CHAT else route
    if offer.model and kind not in offer.model.serves:
        return ""
    if route in paths or route not in TRANSLATED:
        return route if route in paths else ""
    return next((into for into in _INTO if into in paths), "")


def _is_enabled(keys: Mapping[str, Key], offer: Offer) -> bool:
    key = keys.get(offer.provider.slug)
    return key is not None and key.enabled


def _refusal(keys: Mapping[str, Key], usable: list[Offer]) -> str:
    if not usable:
        return _NO_FORMAT
    broken = any(_is_enabled(keys, offer) for offer in usable)
    return "upstream_credentials_exhausted" if broken else "no_key_for_model"
