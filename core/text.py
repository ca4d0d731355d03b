"""Text from outside, made fit to store and to show.

PostgreSQL has no form for a NUL, UTF-8 none for half a surrogate pair, and HTML none for control
characters. Whatever people, programs and providers send passes here once.
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
    """The text without control characters (but tab and line ends), noncharacters and half surrogates."""
    return _UNFIT.sub("", text)
