"""Arithmetic of colours: contrast as WCAG 2 measures it, and the nearest colour that can be read."""

import colorsys
import re
from collections.abc import Iterable
from functools import lru_cache

BLACK, WHITE = "#000000", "#ffffff"
TEXT, OUTLINE = 4.5, 3.0
"""The least contrast of text on its background, and of what is no text (WCAG 1.4.3 and 1.4.11)."""

_COLOR = re.compile(r"#?([0-9a-f]{3}|[0-9a-f]{6})", re.ASCII)
_STEPS = 1000


def normal(text: str) -> str:
    """`#rrggbb` of `#rgb` or `#rrggbb`, with or without the `#`; raises `ValueError` with a sentence."""
    found = _COLOR.fullmatch(text.strip().lower())
    if not found:
        raise ValueError(f"“{text.strip()[:20]}” is not a color. Write it like #0d6360.")
    digits = found[1]
    return "#" + (digits if len(digits) == 6 else "".join(digit * 2 for digit in digits))


@lru_cache(maxsize=4096)
def luminance(colour: str) -> float:
    """From 0 for black to 1 for white."""
    red, green, blue = (_linear(part / 255) for part in _parts(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """From 1 to 21, whichever is in front."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def least_contrast(colour: str, grounds: Iterable[str]) -> float:
    return min(contrast(colour, ground) for ground in grounds)


def mix(one: str, other: str, share: float) -> str:
    """`one` with that share of `other` in it, between 0 and 1."""
    pairs = zip(_parts(one), _parts(other), strict=True)
    return _written(mine + (its - mine) * share for mine, its in pairs)


def text_on(ground: str, dark: str = BLACK) -> str:
    """White if it can be read there, else `dark` or black: one of the two always can (at 4.58 : 1)."""
    return next((text for text in (WHITE, dark) if contrast(text, ground) >= TEXT), BLACK)


def shifted_from(text: str, ground: str, share: float) -> str:
    """The ground, moved so that its text reads the better."""
    return mix(ground, BLACK if luminance(text) > luminance(ground) else WHITE, share)


def readable(colour: str, grounds: tuple[str, ...], ratio: float = TEXT) -> str:
    """The nearest colour of the same hue that reaches the ratio on all grounds; the same one if it does.

    Where none does, the better of black and white: grounds that differ that much share no text.
    """
    if least_contrast(colour, grounds) >= ratio:
        return colour
    hue, lightness, saturation = _hls(colour)
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
    """How far towards `end` the lightness has to go, and the colour there. Contrast only grows that way
    once the grounds are passed, so halving finds it."""

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


def _parts(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _hls(colour: str) -> tuple[float, float, float]:
    red, green, blue = (part / 255 for part in _parts(colour))
    return colorsys.rgb_to_hls(red, green, blue)


def _written(parts: Iterable[float]) -> str:
    return "#" + "".join(f"{min(255, max(0, round(part))):02x}" for part in parts)
