"""Explains in words who serves a model, and why other providers don't."""

from core.gateway.error_replies import EXHAUSTED
from core.gateway.models import PLATFORM
from core.gateway.routing import Candidate
from core.keys.states import WhyUnusable
from core.providers import catalogue, endpoints

_WHY_NOT: dict[str, str] = {
    WhyUnusable.no_key: "no {provider} key here",
    WhyUnusable.plan_without_keys: "the plan doesn’t include provider keys",
    WhyUnusable.key_disabled: "the {provider} key is disabled",
    WhyUnusable.key_rejected: "{provider} rejected the key",
    WhyUnusable.key_no_credit: "the account behind the {provider} key has no credit left",
    WhyUnusable.key_no_permission: "the {provider} key lacks a permission",
    WhyUnusable.key_unreadable: "the {provider} key can’t be decrypted",
    "format_not_served": "{provider} doesn’t serve it in this format",
}
_REFUSALS = {
    "model_not_found": "No model has this name. Check the list of models.",
    "format_not_served": "No provider serves this model in this format. Try another one.",
    "no_key_for_model": "Clients get 404: no key of this workspace serves this model. Add one.",
    EXHAUSTED: "Clients get 502: every key that serves this model is marked invalid. Replace one.",
}


def provider_name(slug: str) -> str:
    try:
        return catalogue.provider(slug).name
    except LookupError:
        return slug


def why_not(slug: str, reason: str) -> str:
    name = provider_name(slug)
    return _WHY_NOT.get(reason, reason.replace("_", " ")).format(provider=name)


def refusal(code: str) -> str:
    return _REFUSALS.get(code, code)


def key_words(source: str, slug: str) -> str:
    """Whose key it is, and who pays."""
    if slug == endpoints.MINI:
        return "included, no key needed"
    if source == PLATFORM:
        return "this deployment’s key, from your balance"
    return "your key" if source else ""


def served_by(candidate: Candidate) -> str:
    return f"{candidate.offer.provider.name}, {key_words(candidate.source, candidate.provider)}"
