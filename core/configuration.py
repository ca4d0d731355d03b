"""Reads this process's settings and checks them with the parts of the product that use them.

`core/settings.py` knows no other part. Checks that need one are here: known providers, the
characters of their keys, and host names.
"""

from collections.abc import Mapping

from core import settings
from core.errors import SettingsError
from core.http import PrivateHosts
from core.providers import catalogue
from core.providers.auth import outgoing
from core.settings import Settings


def read(environ: Mapping[str, str] | None = None) -> Settings:
    """All settings, from the environment by default.

    Raises `SettingsError`, which names the variable and says what it must be.
    """
    slugs = [provider.slug for provider in catalogue.byok_providers()]
    chosen = settings.read(environ, slugs)
    _check_platform_keys(chosen)
    _check_private_pages(chosen)
    return chosen


def _check_platform_keys(chosen: Settings) -> None:
    """Rejects a key that can't be sent in a header, without showing any of it."""
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
