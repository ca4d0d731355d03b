"""Where each provider is reached and how long to wait for it: the operator's choice, never a client's."""

from core.http import Timeouts
from core.providers import catalogue
from core.providers.wire import Endpoint
from core.settings import Settings

MINI = "mevichat"

_settings: Settings | None = None


def configure(settings: Settings) -> None:
    """Called once by `create_app`."""
    global _settings
    _settings = settings


def endpoint(provider_slug: str) -> Endpoint:
    """The address and wire format of a provider, or of the operator's own Mini."""
    provider = catalogue.provider(provider_slug)
    base_url = _chosen().mini_address if provider_slug == MINI else _base_url(provider)
    return Endpoint(provider.slug, provider.wire, base_url)


def is_moved(provider_slug: str) -> bool:
    """Whether the operator has it reached somewhere else than at its usual address."""
    provider = catalogue.provider(provider_slug)
    return _base_url(provider) != provider.base_url


def mini_key() -> str:
    """The operator's credential for Mini; may be empty, as for the local server."""
    return _chosen().mini_api_key.get_secret_value()


def upstream_model(model: catalogue.Model) -> str:
    """The model's name at its provider; Mini's is the operator's choice."""
    return _chosen().mini_model if model.provider == MINI else model.upstream_id


def timeouts() -> Timeouts:
    chosen = _chosen()
    return Timeouts(
        connect_seconds=chosen.provider_connect_seconds,
        first_byte_seconds=chosen.provider_first_byte_seconds,
        stall_seconds=chosen.provider_stall_seconds,
        total_seconds=chosen.provider_total_seconds,
    )


def _base_url(provider: catalogue.Provider) -> str:
    """The operator's `<PROVIDER>_BASE_URL`, or the catalogue's address."""
    return _chosen().provider_base_urls.get(provider.slug, provider.base_url)


def _chosen() -> Settings:
    if _settings is None:
        raise RuntimeError("create_app has not run")
    return _settings
