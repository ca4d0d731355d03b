"""Checks that chosen colors are readable. A refusal gives the contrast and suggests the nearest color."""

from collections.abc import Iterator
from dataclasses import dataclass

from core.bots.appearance import theme
from core.bots.appearance.appearance import FACTS, Appearance
from core.bots.appearance.colors import TEXT, contrast, luminance, readable

PAPER_TEXT = 7.0
"""The contrast of ink on a background that leaves quieter text above 4.5 (WCAG 1.4.6)."""


_NO_BUBBLE = (
    "Choose a color for the visitor bubble too. Otherwise it is light in light mode and dark in "
    "dark mode, and no text color is readable on both."
)


@dataclass(frozen=True)
class Problem:
    """What is wrong with one field; `better` is a color that would work, if color is the problem."""

    field: str
    sentence: str
    better: str = ""


def shown_modes(appearance: Appearance) -> tuple[str, ...]:
    return theme.MODES if appearance.mode == "auto" else (appearance.mode,)


def problems(appearance: Appearance) -> list[Problem]:
    """The problems of all chosen colors that are shown; derived colors always pass."""
    return [*_backgrounds(appearance), *_texts(appearance)]


def _backgrounds(appearance: Appearance) -> Iterator[Problem]:
    """Our ink is used on them, so the light one has to be light and the dark one dark."""
    chosen = {"light": appearance.background_light, "dark": appearance.background_dark}
    for mode in shown_modes(appearance):
        ground, ink = chosen[mode], theme.INK[mode]
        if ground and contrast(ground, ink) < PAPER_TEXT:
            yield _unreadable(
                f"background_{mode}", ground, "text on this background", ground, ink, PAPER_TEXT
            )


def _texts(appearance: Appearance) -> Iterator[Problem]:
    if appearance.accent_text:
        yield from _text("accent_text", appearance.accent_text, appearance.accent)
    if appearance.header == "accent" and appearance.header_text:
        yield from _text(
            "header_text", appearance.header_text, appearance.header_background or appearance.accent
        )
    if appearance.visitor_text and not appearance.visitor_background:
        yield Problem("visitor_background", _NO_BUBBLE)
    elif appearance.visitor_text:
        yield from _text("visitor_text", appearance.visitor_text, appearance.visitor_background)
    if appearance.link:
        yield from _text("link", appearance.link, _under_links(appearance))


def _under_links(appearance: Appearance) -> str:
    """The background of links in the first mode; in the other they are lightened until readable."""
    return theme.answer_of(appearance, shown_modes(appearance)[0]).paper


def _text(field: str, text: str, ground: str) -> Iterator[Problem]:
    if contrast(text, ground) < TEXT:
        yield _unreadable(field, text, f"{text} on {ground}", text, ground, TEXT)


def _unreadable(field: str, chosen: str, what: str, moved: str, kept: str, ratio: float) -> Problem:
    better = readable(moved, (kept,), ratio)
    way = "lighter" if luminance(better) > luminance(chosen) else "darker"
    measured = int(contrast(moved, kept) * 10) / 10
    sentence = (
        f"{FACTS[field]['title']}: {what} has a contrast of {measured}:1 and needs {ratio}:1. "
        f"Use a {way} one, such as {better}."
    )
    return Problem(field, sentence, better)
