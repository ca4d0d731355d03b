"""Looks that are ready: each a whole set of colours and shapes, to begin from."""

from dataclasses import dataclass
from typing import Any

from core.bots.appearance.appearance import Appearance


@dataclass(frozen=True)
class Preset:
    key: str
    name: str
    about: str
    fields: dict[str, Any]

    @property
    def look(self) -> Appearance:
        return Appearance.model_validate(self.fields)

    @property
    def chosen(self) -> dict[str, Any]:
        """All that it decides: also what it leaves as ours."""
        return {name: getattr(self.look, name) for name in TOUCHED}


TOUCHED = (
    "accent", "accent_text", "background_light", "background_dark", "visitor_background", "visitor_text",
    "answer_background", "link", "header", "header_background", "header_text", "font", "radius",
    "launcher_shape", "launcher_background",
)  # fmt: skip
"""What a preset decides: also what it leaves as ours. Words, places and sizes stay as they are."""

PRESETS = (
    Preset("harbour", "Harbour", "Deep teal on white. The default.", {}),
    Preset(
        "graphite", "Graphite", "Near black and square, with no other color.",
        {
            "accent": "#2b2b2f", "background_dark": "#141416", "visitor_background": "#2b2b2f",
            "header": "accent", "radius": 4, "launcher_shape": "square", "font": "system",
        },
    ),
    Preset(
        "meadow", "Meadow", "Leaf green with soft bubbles.",
        {
            "accent": "#2f7d4f", "background_light": "#fbfdf9", "background_dark": "#121914",
            "visitor_background": "#2f7d4f", "radius": 18, "font": "rounded",
        },
    ),
    Preset(
        "sunrise", "Sunrise", "Warm orange with a colored header on cream.",
        {
            "accent": "#c2410c", "background_light": "#fffaf3", "background_dark": "#1c1510",
            "header": "accent", "radius": 14, "launcher_shape": "rounded",
        },
    ),
    Preset(
        "plum", "Plum", "Violet, with answers in their own bubbles.",
        {
            "accent": "#7a2e8e", "background_dark": "#18121b", "visitor_background": "#7a2e8e",
            "answer_background": "#f3eaf6", "header": "accent", "header_background": "#4a1a58",
            "radius": 20,
        },
    ),
    Preset(
        "paper", "Paper", "Ink on warm paper, with a serif font.",
        {
            "accent": "#7c4a21", "background_light": "#faf6ee", "background_dark": "#1d1a15",
            "visitor_background": "#ece2d0", "font": "serif", "radius": 2, "launcher_shape": "rounded",
        },
    ),
)  # fmt: skip


def find(key: str) -> Preset | None:
    return next((preset for preset in PRESETS if preset.key == key), None)


def applied(preset: Preset, look: Appearance) -> Appearance:
    """The look with the preset's colours and shapes."""
    return look.model_copy(update=preset.chosen)
