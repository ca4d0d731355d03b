"""The settings of this process, checked by the parts of the product that they are for.

`core/settings.py` knows no other part. What takes one to read or to check is done here: which providers
there are, what their keys must be made of, and what names a host.
"""

from collections.abc import Mapping

from core import settings
from core.errors import SettingsError
from core.http import PrivateHosts
from core.providers import catalogue
from core.providers.auth import outgoing
from core.settings import Settings


def read(environ: Mapping[str, str] | None = None) -> Settings:
    """All settings, of the environment unless another is given.

    Raises `SettingsError`, which names the variable and says what it must be.
    """
    slugs = [provider.slug for provider in catalogue.byok_providers()]
    chosen = settings.read(environ, slugs)
    _check_platform_keys(chosen)
    _check_private_pages(chosen)
    return chosen


def _check_platform_keys(chosen: Settings) -> None:
    """Refuses a key that no header can carry, and shows nothing of it."""
    for slug, key in chosen.platform_keys.items():
        if not outgoing.is_sendable(slug, key.get_secret_value()):
            name = settings.platform_key_variable(slug)
            provider = catalogue.provider(slug).name
            raise SettingsError(f"{name} doesn’t look like a key from {provider}.")


def _check_private_pages(chosen: Settings) -> None:
    try:
        PrivateHosts.parse(chosen.private_pages)
    except ValueError as error:
        raise SettingsError(f"PRIVATE_PAGES cannot be used: Value error, {error}.") from None
