"""What models write, and how both the console and the chat show it: one table, in markdown_cases.toml."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

SOURCES = [
    {"number": 1, "title": 'Shipping "to" <all>', "url": "https://example.com/s"},
    {"number": 2, "title": "الأسعار", "url": ""},
]
"""What the marks [1] and [2] of every case lead to; [3] leads nowhere."""

_SIZE = 65_536
_ENDLESS = (
    *(
        "*",
        "[",
        ">",
        "> ",
        "- ",
        "`",
        "~",
        "#",
        "|",
        "<",
        "!",
        "&",
        "\\",
        "_",
        "(",
        "1. ",
        "\n",
        " ",
        "a",
    ),
    *(
        "![",
        "[a](",
        "**a ",
        "*a_",
        "_a_",
        "~~a",
        "<a ",
        "<https://",
        "https://",
        "https://a.b/ ",
        "[1]",
    ),
    *(
        "&amp;",
        "&x;",
        "a\n",
        "a  \n",
        "> a\n",
        "- a\n",
        "|a",
        "[a]: b\n",
        "`a``",
        "\\*",
        "“”",
        "عربي ",
    ),
)
FLOODS = {
    **{text: (text * _SIZE)[:_SIZE] for text in _ENDLESS},
    "brackets around a word": "[" * (_SIZE // 2) + "a" + "]" * (_SIZE // 2),
    "stars around a word": "*" * (_SIZE // 2) + "a" + "*" * (_SIZE // 2),
    "nested lists": "".join("  " * depth + "- a\n" for depth in range(250)),
    "nested quotes": "\n\n".join(">" * depth + "a" for depth in range(300)),
    "a wide table": "|a" * (_SIZE // 6) + "|\n" + "|-" * (_SIZE // 6) + "|\n" + "|b" * (_SIZE // 6),
    "a table of short rows": "|a" * 400 + "|\n" + "|-" * 400 + "|\n" + "|b\n" * 10_000,
    "a name for every entity": "".join(f"&x{number};" for number in range(9_000)),
    "growing code marks": "".join("`" * (number % 90 + 1) + "a" for number in range(1_400)),
    "many definitions": "".join(
        f"[a{number}]: https://b.c\n[a{number}]\n\n" for number in range(1_800)
    ),
}
"""By name: 64 kB of what makes a parser slow."""


@dataclass(frozen=True)
class Case:
    name: str
    markdown: str
    shown: str


def cases() -> list[Case]:
    found = tomllib.loads(Path(__file__).with_suffix(".toml").read_text())
    return [Case(name, case["markdown"], case["shown"]) for name, case in found.items()]
