"""The operator's own provider keys (`<PROVIDER>_PLATFORM_KEY`), for workspaces without their own."""

from core.providers import endpoints
from core.settings import Settings

_settings: Settings | None = None


def configure(settings: Settings) -> None:
    """Called once by `create_app`."""
    global _settings
    _settings = settings


def has(provider_slug: str) -> bool:
    return key_for(provider_slug) is not None


def key_for(provider_slug: str) -> str | None:
    """The secret, for a local variable only. Mini's may be empty."""
    if provider_slug == endpoints.MINI:
        return endpoints.mini_key()
    found = _settings.platform_keys.get(provider_slug) if _settings else None
    return found.get_secret_value() if found else None
