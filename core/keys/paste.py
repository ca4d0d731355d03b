"""Pasted keys: trimmed, checked for obvious mistakes, and masked.

Nothing here sends a request. The provider may still refuse a key that passes; a key that fails is never
sent anywhere.
"""

import re
import string

from core.errors import Invalid
from core.providers import catalogue, endpoints
from core.providers.auth import aws
from core.providers.catalogue import Provider

MIN_LENGTH = 8
MAX_LENGTH = 2000
"""MiniMax keys are whole JWTs."""
_BULLETS = "•·●*…"
_SHOWN = 4
_LONG_ENOUGH_TO_SHOW = 12
_AROUND = string.whitespace + "\u00a0\u200b\u2060\ufeff\"'`“”‘’,;"
_WRAPPING = re.compile(
    r"^(?:(?:export\s+)?(?=[A-Z0-9_]*(?:KEY|TOKEN|SECRET))[A-Z0-9_]++\s*=\s*[\"']?"  # a line of a .env file
    r"|(?i:(?:(?:authorization|x-api-key)\s*:\s*)?(?:bearer\s+)?))"  # a header
)


def tidy(text: str) -> tuple[str, str]:
    """The bare secret, and a hint about what was removed around it (or "")."""
    if _bare(text).startswith("{"):
        return aws.tidy(_bare(text)), ""
    secret = _bare(_WRAPPING.sub("", _bare(text)))
    hint = "" if secret == text else "We removed spaces, quotes, a name or “Bearer” around the key."
    return secret, hint


def _bare(text: str) -> str:
    return text.strip(_AROUND)


def check(secret: str, provider: Provider) -> None:
    """Raises `Invalid`, saying what the paste seems to be, if it can't be this provider's key."""
    if not secret:
        raise Invalid(f"Paste a key from {provider.name}.")
    if provider.auth == "sigv4":
        aws.parse(secret)
        return
    _check_form(secret, provider)
    for wrong in provider.wrong_keys:
        moved = wrong.at_default_host and endpoints.is_moved(provider.slug)
        if re.match(wrong.pattern, secret) and not moved:
            raise Invalid(f"{wrong.says} It wasn’t sent anywhere.")
    if other := _provider_of_pattern(secret, provider):
        raise Invalid(
            f"This looks like a key from {other}, not from {provider.name}. It wasn’t sent anywhere."
        )


def _check_form(secret: str, provider: Provider) -> None:
    """Raises `Invalid` if it isn't a key at all, or only part of one."""
    if secret.startswith("{"):
        raise Invalid(
            f"This is JSON, like AWS credentials. A key from {provider.name} is a single word. "
            "It wasn’t sent anywhere."
        )
    if any(bullet in secret for bullet in _BULLETS) or re.search(r"\.{3,}", secret):
        raise Invalid("This is a masked key, as shown on a page. Paste the whole key.")
    if not re.fullmatch(r"[\x21-\x7e]+", secret):
        raise Invalid(
            "A key contains only letters, digits and symbols. This one has spaces, line breaks or other "
            "characters in it. Copy the key again."
        )
    if not MIN_LENGTH <= len(secret) <= MAX_LENGTH:
        raise Invalid(
            f"A key has {MIN_LENGTH:,} to {MAX_LENGTH:,} characters. This one has {len(secret):,}."
        )
    if len(secret) - len(_prefix(secret, provider)) < MIN_LENGTH:
        raise Invalid("This is only the beginning of a key. Copy the whole key.")


def mask(secret: str, provider: Provider) -> str:
    """The provider's own prefix, bullets, and the last four characters: all a page ever shows."""
    if provider.auth == "sigv4":
        return aws.mask(secret)
    prefix = _prefix(secret, provider)
    hidden = secret[len(prefix) :]
    tail = hidden[-_SHOWN:] if len(hidden) >= _LONG_ENOUGH_TO_SHOW else ""
    return f"{prefix}••••••••{tail}"


def _prefix(secret: str, provider: Provider) -> str:
    matching = [prefix for prefix in provider.key_prefixes if secret.startswith(prefix)]
    return max(matching, key=len, default="")


def _provider_of_pattern(secret: str, chosen: Provider) -> str:
    """The name of the one provider whose prefix matches better than the chosen provider's, or "".

    A prefix that several providers share, such as sk-, doesn't count.
    """
    prefix_lengths = {
        provider.name: len(_prefix(secret, provider)) for provider in catalogue.byok_providers()
    }
    longest = max(prefix_lengths.values())
    best = [name for name, length in prefix_lengths.items() if length == longest]
    if longest > len(_prefix(secret, chosen)) and len(best) == 1:
        return best[0]
    foreign = (shape for shape in catalogue.foreign_keys() if re.match(shape.pattern, secret))
    return next((shape.says for shape in foreign if shape.says != chosen.name), "")
