"""What a visitor reads in which language: one TOML file each, all with the same keys.

`page` is what a page says at once, `told` what it says when something happened (by the endpoint's
error codes, where there is one), `loader` what the script on a site says.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Protocol

from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

CODES = ("en", "de", "fr", "es", "pt", "ja", "ar")
"""The first one where nothing else fits."""


@dataclass(frozen=True)
class Words:
    """One language. `name` is its own word for itself, `direction` is ltr or rtl."""

    code: str
    name: str
    direction: str
    page: Mapping[str, str]
    told: Mapping[str, str]
    loader: Mapping[str, str]

    def again_in(self, seconds: int) -> str:
        """When there is room again, rounded up: whoever comes back then finds it."""
        unit, size = ("in_hours", 3_600) if seconds > 5_400 else ("in_minutes", 60)
        when = self.told[unit].format(count=-(-seconds // size))
        return self.told["again"].format(when=when)


class HasLanguage(Protocol):
    """A look, as far as languages go: `language` is a code or auto."""

    @property
    def language(self) -> str: ...


def words(code: str) -> Words:
    """The words of a language of ours."""
    return _WORDS[code]


def best(accepted: str, look: HasLanguage, chosen: str = "") -> str:
    """The code to speak in: what was `chosen` by name, else the look's, else of those `accepted`.

    Both texts come from outside: a code, a tag such as pt-BR, or an Accept-Language header.
    """
    return _of(chosen) or _of(look.language) or _of(accepted) or CODES[0]


def _of(tags: str) -> str:
    """The language of ours that comes first among these tags; "" for none. pt-BR is pt."""
    wanted = parse_accept_header(tags[:200], LanguageAccept)
    codes = (tag.replace("_", "-").partition("-")[0].lower() for tag, quality in wanted if quality)
    return next((code for code in codes if code in CODES), "")


def _read(code: str) -> Words:
    text = files(__name__).joinpath(f"{code}.toml").read_text("utf-8")
    return Words(code, **tomllib.loads(text))


_WORDS = {code: _read(code) for code in CODES}
