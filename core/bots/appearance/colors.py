"""Color arithmetic: contrast as WCAG 2 defines it, and the nearest readable color."""

import colorsys
import re
from collections.abc import Iterable
from functools import lru_cache

BLACK, WHITE = "#000000", "#ffffff"
TEXT, OUTLINE = 4.5, 3.0
"""The minimum contrast of text, and of outlines and icons (WCAG 1.4.3 and 1.4.11)."""

_COLOR = re.compile(r"#?([0-9a-f]{3}|[0-9a-f]{6})", re.ASCII)
_STEPS = 1000


def normal(text: str) -> str:
    """`#rrggbb` from `#rgb` or `#rrggbb`, with or without the `#`. Raises `ValueError`."""
    found = _COLOR.fullmatch(text.strip().lower())
    if not found:
        raise ValueError(f"“{text.strip()[:20]}” is not a color. Write it like #0d6360.")
    digits = found[1]
    return "#" + (digits if len(digits) == 6 else "".join(digit * 2 for digit in digits))


@lru_cache(maxsize=4096)
def luminance(color: str) -> float:
    """From 0 for black to 1 for white."""
    red, green, blue = (_linear(part / 255) for part in _parts(color))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """The contrast ratio, from 1 to 21. The order of the colors doesn't matter."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def least_contrast(color: str, grounds: Iterable[str]) -> float:
    return min(contrast(color, ground) for ground in grounds)


def mix(one: str, other: str, share: float) -> str:
    """`one` mixed with `other`; `share` is the part of `other`, from 0 to 1."""
    pairs = zip(_parts(one), _parts(other), strict=True)
    return _written(mine + (its - mine) * share for mine, its in pairs)


def text_on(ground: str, dark: str = BLACK) -> str:
    """White if it is readable on `ground`, else `dark` or black. One of them always reaches 4.58:1."""
    return next((text for text in (WHITE, dark) if contrast(text, ground) >= TEXT), BLACK)


def shifted_from(text: str, ground: str, share: float) -> str:
    """The background, shifted away from its text so that the contrast grows."""
    return mix(ground, BLACK if luminance(text) > luminance(ground) else WHITE, share)


def readable(color: str, grounds: tuple[str, ...], ratio: float = TEXT) -> str:
    """The nearest color of the same hue that reaches the ratio on all backgrounds; unchanged if it does.

    If none does, because the backgrounds differ too much, the better of black and white.
    """
    if least_contrast(color, grounds) >= ratio:
        return color
    hue, lightness, saturation = _hls(color)
    found = []
    for end in (0.0, 1.0):
        passing = _first_passing(hue, lightness, end, saturation, grounds, ratio)
        if passing:
            found.append(passing)
    if found:
        return min(found)[1]
    return max((BLACK, WHITE), key=lambda text: least_contrast(text, grounds))


def _first_passing(
    hue: float, start: float, end: float, saturation: float, grounds: tuple[str, ...], ratio: float
) -> tuple[float, str] | None:
    """How far the lightness has to move toward `end`, and the color there.

    Contrast only grows that way once the backgrounds are passed, so a binary search finds it.
    """

    def at(step: int) -> str:
        lightness = start + (end - start) * step / _STEPS
        return _written(part * 255 for part in colorsys.hls_to_rgb(hue, lightness, saturation))

    low, high = 0, _STEPS
    if least_contrast(at(high), grounds) < ratio:
        return None
    while low < high:
        middle = (low + high) // 2
        low, high = (
            (low, middle) if least_contrast(at(middle), grounds) >= ratio else (middle + 1, high)
        )
    return abs(end - start) * low / _STEPS, at(low)


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)


def _parts(color: str) -> tuple[int, int, int]:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def _hls(color: str) -> tuple[float, float, float]:
    red, green, blue = (part / 255 for part in _parts(color))
    return colorsys.rgb_to_hls(red, green, blue)


def _written(parts: Iterable[float]) -> str:
    return "#" + "".join(f"{min(255, max(0, round(part))):02x}" for part in parts)
