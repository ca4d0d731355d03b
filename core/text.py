"""Cleans text from outside, so that it can be stored and displayed.

PostgreSQL rejects NUL, UTF-8 half a surrogate pair, and HTML control characters. All text from
people, programs and providers passes through here once.
"""

import re

_UNFIT = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef"
    + "".join(
        f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0, 0x110000, 0x10000)
    )
    + "]"
)


def fit(text: str) -> str:
    """The text without control characters, noncharacters and half surrogates. Keeps tabs and line breaks."""
    return _UNFIT.sub("", text)
