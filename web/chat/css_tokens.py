"""The values of css/tokens.css, for what stands where that sheet does not reach: on others' pages."""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

_SHEET = Path(__file__).parents[1] / "static" / "css" / "tokens.css"
_NAME = re.compile(r"var\((--[\w-]+)\)")


def values(names: Iterable[str], over: Mapping[str, str]) -> dict[str, str]:
    """Those tokens without a reference to any other; `over` has what a look says in their place."""
    known = _tokens() | dict(over)
    return {name: _resolved(known[name], known) for name in names}


def used_in(sheet: str, over: Mapping[str, str]) -> list[str]:
    """The names of tokens that a sheet asks for, those that only `over` has among them."""
    return [
        name for name in dict.fromkeys(_NAME.findall(sheet)) if name in over or name in _tokens()
    ]


def _resolved(text: str, known: Mapping[str, str]) -> str:
    return _NAME.sub(lambda found: _resolved(known[found[1]], known), text)


@cache
def _tokens() -> dict[str, str]:
    root = re.search(r":root \{(.*?)\n  \}", _SHEET.read_text(), re.DOTALL)
    assert root  # noqa: S101  (our own style sheet)
    return dict(re.findall(r"^\s*(--[\w-]+): (.+);$", root[1], re.MULTILINE))
