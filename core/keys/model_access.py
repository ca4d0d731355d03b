"""Which of the catalogue's models a key may use, as far as its provider says: a note, never a wall.

Providers list models by dated names too, and some list nothing: a model that is not on the list may
still answer, so pickers say what is known and leave the choice open.
"""

import re

from core.keys.models import ProviderKey
from core.providers import catalogue, endpoints
from core.providers.client import Timeouts, list_models

TIMEOUTS = Timeouts(first_byte_seconds=5, total_seconds=8)


def missing_models(provider_slug: str, secret: str) -> tuple[str, ...] | None:
    """The catalogue's chat models that the provider's list for this key lacks; None where it has none.

    A list that names none of ours is another server's (a proxy, a local model): it tells nothing.
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


def of_key(key: ProviderKey, secret: str, refused_model: str, afresh: bool) -> set[str]:
    """What a key that passed a check may not use: the list's gaps, and what live requests met.

    `afresh` forgets what live requests met, as when somebody asks for a test.
    """
    missing = missing_models(key.provider, secret)
    known = set(key.unavailable_models) if missing is None or not afresh else set()
    return known | set(missing or ()) | ({refused_model} if refused_model else set())


def _is_listed(upstream_id: str, listed: frozenset[str]) -> bool:
    """By its name, or by its name and a date: `claude-haiku-4-5-20251001`."""
    dated = re.compile(re.escape(upstream_id) + r"-(\d{8}|\d{4}-\d{2}-\d{2})")
    return upstream_id in listed or any(dated.fullmatch(name) for name in listed)
