"""Which catalogue models a key has access to, according to its provider. Advisory, never enforced.

Some providers list dated names or nothing at all, so a model that isn't listed may still work: pickers
show a hint and leave the choice open.
"""

import re

from core.keys.models import ProviderKey
from core.providers import catalogue, endpoints
from core.providers.client import Timeouts, list_models

TIMEOUTS = Timeouts(first_byte_seconds=5, total_seconds=8)


def missing_models(provider_slug: str, secret: str) -> tuple[str, ...] | None:
    """The catalogue's chat models missing from the provider's list for this key; None without a list.

    Also None if the list has none of our models: then it comes from a proxy or a local server.
    """
    listed = list_models(endpoints.endpoint(provider_slug), secret, TIMEOUTS)
    if listed is None:
        return None
    ours = [
        model
        for model in catalogue.models()
        if model.provider == provider_slug and "chat" in model.serves
    ]
    missing = tuple(model.id for model in ours if not _is_listed(model.upstream_id, listed))
    return None if len(missing) == len(ours) else missing


def of_key(key: ProviderKey, secret: str, refused_model: str, forget_refusals: bool) -> set[str]:
    """The models that a key, which passed a check, has no access to.

    These are missing from the provider's list or were refused in live requests. `forget_refusals` drops
    the earlier refusals, as for a manual test.
    """
    missing = missing_models(key.provider, secret)
    refused = set(key.unavailable_models) if missing is None or not forget_refusals else set()
    return refused | set(missing or ()) | ({refused_model} if refused_model else set())


def _is_listed(upstream_id: str, listed: frozenset[str]) -> bool:
    """By its exact name, or followed by a date: `claude-haiku-4-5-20251001`."""
    dated = re.compile(re.escape(upstream_id) + r"-(\d{8}|\d{4}-\d{2}-\d{2})")
    return upstream_id in listed or any(dated.fullmatch(name) for name in listed)
