"""Presets of the appearance: each a full set of colors and shapes to start from."""

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
    def appearance(self) -> Appearance:
        return Appearance.model_validate(self.fields)

    @property
    def chosen(self) -> dict[str, Any]:
        """All the fields that it sets, including those that stay at their defaults."""
        return {name: getattr(self.appearance, name) for name in TOUCHED}


TOUCHED = (
    "accent", "accent_text", "background_light", "background_dark", "visitor_background", "visitor_text",
    "answer_background", "link", "header", "header_background", "header_text", "font", "radius",
    "launcher_shape", "launcher_background",
)  # fmt: skip
"""The fields that a preset sets, including those at their defaults. Texts, positions and sizes are kept."""

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


def applied(preset: Preset, appearance: Appearance) -> Appearance:
    """The appearance with the preset's colors and shapes."""
    return appearance.model_copy(update=preset.chosen)
