"""The chat's texts for visitors: one TOML file per language, all with the same keys.

`page` has a page's fixed texts, `notices` the messages shown when something happens (keyed by the
endpoint's error codes where there is one), `loader` the texts of the script that sites embed.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Protocol

from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

CODES = ("en", "de", "fr", "es", "pt", "ja", "ar")
"""The first is the default."""


@dataclass(frozen=True)
class Words:
    """One language. `name` is its native name, `direction` is ltr or rtl."""

    code: str
    name: str
    direction: str
    page: Mapping[str, str]
    notices: Mapping[str, str]
    loader: Mapping[str, str]

    def again_in(self, seconds: int) -> str:
        """When to try again, rounded up so that trying then works."""
        unit, size = ("in_hours", 3_600) if seconds > 5_400 else ("in_minutes", 60)
        when = self.notices[unit].format(count=-(-seconds // size))
        return self.notices["again"].format(when=when)


class HasLanguage(Protocol):
    """An appearance's language: a code or auto."""

    @property
    def language(self) -> str: ...


def words(code: str) -> Words:
    """The texts of a supported language."""
    return _WORDS[code]


def best(accepted: str, appearance: HasLanguage, chosen: str = "") -> str:
    """The language to use: the one `chosen`, else the appearance's, else the first supported in `accepted`.

    `chosen` and `accepted` are user input: a code, a tag such as pt-BR, or an Accept-Language header.
    """
    return (
        _first_supported(chosen)
        or _first_supported(appearance.language)
        or _first_supported(accepted)
        or CODES[0]
    )


def _first_supported(tags: str) -> str:
    """The first supported language among these tags, ignoring regions (pt-BR is pt); "" for none."""
    preferred = parse_accept_header(tags[:200], LanguageAccept)
    codes = (
        tag.replace("_", "-").partition("-")[0].lower() for tag, quality in preferred if quality
    )
    return next((code for code in codes if code in CODES), "")


def _read(code: str) -> Words:
    text = files(__name__).joinpath(f"{code}.toml").read_text("utf-8")
    return Words(code, **tomllib.loads(text))


_WORDS = {code: _read(code) for code in CODES}
