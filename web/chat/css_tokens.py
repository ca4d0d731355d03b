"""Values of css/tokens.css, for the widget: other sites' pages don't load that sheet."""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

_SHEET = Path(__file__).parents[1] / "static" / "css" / "tokens.css"
_NAME = re.compile(r"var\((--[\w-]+)\)")


def values(names: Iterable[str], over: Mapping[str, str]) -> dict[str, str]:
    """The named tokens with every var() resolved. `over` has a bot's overrides."""
    tokens = _tokens() | dict(over)
    return {name: _resolved(tokens[name], tokens) for name in names}


def used_in(sheet: str, over: Mapping[str, str]) -> list[str]:
    """The names of the tokens a sheet uses, including those defined only in `over`."""
    return [
        name for name in dict.fromkeys(_NAME.findall(sheet)) if name in over or name in _tokens()
    ]


def _resolved(text: str, tokens: Mapping[str, str]) -> str:
    return _NAME.sub(lambda match: _resolved(tokens[match[1]], tokens), text)


@cache
def _tokens() -> dict[str, str]:
    sheet = _SHEET.read_text()
    start = sheet.index(":root {")
    root = sheet[start : sheet.index("\n  }", start)]
    return dict(re.findall(r"^\s*(--[\w-]+): (.+);$", root, re.MULTILINE))
