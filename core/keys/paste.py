"""What people paste: trimmed, looked at for the mistakes that a look can find, and masked.

Nothing here talks to a provider. A paste that passes may still be refused by the provider; one that
fails is never sent anywhere.
"""

import re
import string

from core.errors import Invalid
from core.providers import catalogue, endpoints
from core.providers.auth import aws
from core.providers.catalogue import Provider

MIN_LENGTH = 8
MAX_LENGTH = 2000
"""MiniMax's are whole JWTs."""
_BULLETS = "•·●*…"
_SHOWN = 4
_LONG_ENOUGH_TO_SHOW = 12
_AROUND = string.whitespace + "\u00a0\u200b\u2060\ufeff\"'`“”‘’,;"
_WRAPPING = re.compile(
    r"^(?:(?:export\s+)?[A-Z0-9_]*(?:KEY|TOKEN|SECRET)[A-Z0-9_]*\s*=\s*[\"']?"  # a line of a .env file
    r"|(?i:(?:(?:authorization|x-api-key)\s*:\s*)?(?:bearer\s+)?))"  # a header
)


def tidy(text: str) -> tuple[str, str]:
    """The bare secret, and a hint that says what was left out around it (or "")."""
    if _bare(text).startswith("{"):
        return aws.tidy(_bare(text)), ""
    secret = _bare(_WRAPPING.sub("", _bare(text)))
    hint = (
        "" if secret == text else "Spaces, quotes, a name or “Bearer” around the key were left out."
    )
    return secret, hint


def _bare(text: str) -> str:
    return text.strip(_AROUND)


def check(secret: str, provider: Provider) -> None:
    """Raises `Invalid`, saying what the paste seems to be, when it cannot be this provider's key."""
    if not secret:
        raise Invalid(f"Paste a key from {provider.name}.")
    if provider.auth == "sigv4":
        aws.parse(secret)
        return
    _check_form(secret, provider)
    for wrong in provider.wrong_keys:
        moved = wrong.at_default_host and endpoints.is_moved(provider.slug)
        if re.match(wrong.pattern, secret) and not moved:
            raise Invalid(f"{wrong.says} It was not sent anywhere.")
    if other := _owner_of_its_shape(secret, provider):
        raise Invalid(
            f"This looks like a key from {other}, not from {provider.name}. It was not sent anywhere."
        )


def _check_form(secret: str, provider: Provider) -> None:
    """Raises `Invalid` where it is no key at all, or not the whole of one."""
    if secret.startswith("{"):
        raise Invalid(
            f"This is JSON, as AWS’s credentials are; a key from {provider.name} is one word. It was not "
            "sent anywhere."
        )
    if any(bullet in secret for bullet in _BULLETS) or re.search(r"\.{3,}", secret):
        raise Invalid("This is a masked key, as pages show it. Paste the whole key.")
    if not re.fullmatch(r"[\x21-\x7e]+", secret):
        raise Invalid(
            "A key has letters, digits and signs only: this paste has spaces, line breaks or other "
            "characters inside it. Copy the key again."
        )
    if not MIN_LENGTH <= len(secret) <= MAX_LENGTH:
        raise Invalid(
            f"A key has {MIN_LENGTH} to {MAX_LENGTH} characters; this paste has {len(secret)}."
        )
    if len(secret) - len(_prefix(secret, provider)) < MIN_LENGTH:
        raise Invalid("This is only the beginning of a key. Copy the whole of it.")


def mask(secret: str, provider: Provider) -> str:
    """The provider's own prefix, bullets, and the last four characters: all a page ever shows."""
    if provider.auth == "sigv4":
        return aws.mask(secret)
    prefix = _prefix(secret, provider)
    hidden = secret[len(prefix) :]
    tail = hidden[-_SHOWN:] if len(hidden) >= _LONG_ENOUGH_TO_SHOW else ""
    return f"{prefix}••••••••{tail}"


def _prefix(secret: str, provider: Provider) -> str:
    fitting = [prefix for prefix in provider.key_prefixes if secret.startswith(prefix)]
    return max(fitting, key=len, default="")


def _owner_of_its_shape(secret: str, chosen: Provider) -> str:
    """The name of the one provider whose prefix fits the secret better than the chosen one's, or "".

    A beginning that several share, such as a plain sk-, tells nothing.
    """
    fits = {
        provider.name: len(_prefix(secret, provider)) for provider in catalogue.byok_providers()
    }
    longest = max(fits.values())
    best = [name for name, length in fits.items() if length == longest]
    if longest > len(_prefix(secret, chosen)) and len(best) == 1:
        return best[0]
    foreign = (shape for shape in catalogue.foreign_keys() if re.match(shape.pattern, secret))
    return next((shape.says for shape in foreign if shape.says != chosen.name), "")
