"""How long an answer of a model may be, and what its provider calls that, by the provider's own name."""

from dataclasses import dataclass

from core.providers import catalogue
from core.providers.wire import OutputLimitField

_MOST_OF_UNLISTED = 8192
"""What every model in use can give, for one that the catalogue does not list."""


@dataclass(frozen=True, slots=True)
class Limits:
    field: OutputLimitField
    most_tokens: int


def limits_of(model: str) -> Limits:
    """Those of a model that the catalogue lists, or of what its name begins like."""
    for listed in catalogue.models():
        if listed.upstream_id == model:
            return Limits(listed.output_limit_field, listed.max_output_tokens)
    return Limits(_field_of_unlisted(model), _MOST_OF_UNLISTED)


def _field_of_unlisted(model: str) -> OutputLimitField:
    for provider in catalogue.providers():
        if model.startswith(provider.model_prefixes):
            return provider.output_limit_field
    return "max_tokens"
