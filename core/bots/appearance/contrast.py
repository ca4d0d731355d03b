"""Whether what an owner chose can be read. A refusal says what was measured, and offers the nearest."""

from collections.abc import Iterator
from dataclasses import dataclass

from core.bots.appearance import theme
from core.bots.appearance.appearance import FACTS, Appearance
from core.bots.appearance.colors import TEXT, contrast, luminance, readable

PAPER_TEXT = 7.0
"""What ink needs on a background, so that quieter text is left room above 4.5 (WCAG 1.4.6)."""


_NO_BUBBLE = (
    "Choose a color for the visitor bubble too. Otherwise it is light in light mode and dark in "
    "dark mode, and no text color is readable on both."
)


@dataclass(frozen=True)
class Problem:
    """What is wrong with one field; `better` is a colour that would do, if it is a matter of that."""

    field: str
    sentence: str
    better: str = ""


def shown_modes(look: Appearance) -> tuple[str, ...]:
    return theme.MODES if look.mode == "auto" else (look.mode,)


def problems(look: Appearance) -> list[Problem]:
    """Of every colour that the owner chose and that shows; what was not chosen is made to pass."""
    return [*_backgrounds(look), *_texts(look)]


def _backgrounds(look: Appearance) -> Iterator[Problem]:
    """Ours ink stands on them, so that the light one has to be light and the dark one dark."""
    chosen = {"light": look.background_light, "dark": look.background_dark}
    for mode in shown_modes(look):
        ground, ink = chosen[mode], theme.INK[mode]
        if ground and contrast(ground, ink) < PAPER_TEXT:
            yield _unreadable(
                f"background_{mode}", ground, "text on this background", ground, ink, PAPER_TEXT
            )


def _texts(look: Appearance) -> Iterator[Problem]:
    if look.accent_text:
        yield from _text("accent_text", look.accent_text, look.accent)
    if look.header == "accent" and look.header_text:
        yield from _text("header_text", look.header_text, look.header_background or look.accent)
    if look.visitor_text and not look.visitor_background:
        yield Problem("visitor_background", _NO_BUBBLE)
    elif look.visitor_text:
        yield from _text("visitor_text", look.visitor_text, look.visitor_background)
    if look.link:
        yield from _text("link", look.link, _under_links(look))


def _under_links(look: Appearance) -> str:
    """Where links stand first; in the other mode they are lightened until they read."""
    return theme.answer_of(look, shown_modes(look)[0]).paper


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
