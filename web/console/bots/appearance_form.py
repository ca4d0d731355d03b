"""The form of a bot's appearance: a field for each setting, in groups."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wtforms import BooleanField, Field, RadioField, SelectField, StringField
from wtforms.fields import SelectChoice

from core.bots.appearance.appearance import FACTS, Appearance
from core.bots.appearance.contrast import Problem
from web.chat import languages
from web.forms import Form

CHOSEN_FOR_YOU = "auto"
GROUPS = {
    "Colors": (
        "mode", "accent", "accent_text", "background_light", "background_dark",
        "visitor_background", "visitor_text", "answer_background", "link",
    ),
    "Header": ("header", "header_background", "header_text", "title", "subtitle", "avatar"),
    "Messages": ("font", "font_size", "radius"),
    "Launcher": (
        "side", "launcher_shape", "launcher_icon", "launcher_background", "launcher_size",
        "offset_x", "offset_y", "launcher_text", "teaser_text", "teaser_seconds", "badge",
        "launcher_hidden",
    ),
    "Window": ("window_width", "window_height", "open_seconds"),
    "Text": ("placeholder", "disclaimer", "privacy_url", "privacy_text", "powered_by"),
    "Language": ("language", "direction"),
}  # fmt: skip

LABELS: dict[str, dict[str, str]] = {
    "mode": {"auto": "Match visitor’s device", "light": "Light", "dark": "Dark"},
    "header": {"plain": "Plain", "accent": "Colored"},
    "avatar": {"monogram": "Initials", "picture": "Picture", "none": "Nothing"},
    "font": {
        "inter": "Inter", "system": "System font", "serif": "Serif", "rounded": "Rounded",
        "mono": "Monospace",
    },
    "side": {"left": "Left", "right": "Right"},
    "launcher_shape": {"circle": "Circle", "rounded": "Rounded", "square": "Square"},
    "launcher_icon": {"chat": "Bubble", "help": "Question mark", "spark": "Spark", "avatar": "Same as header"},
    "language": {"auto": "Visitor’s browser language"}
    | {code: languages.words(code).name for code in languages.CODES},
    "direction": {"auto": "Automatic", "ltr": "Left to right", "rtl": "Right to left"},
}  # fmt: skip

HINTS = {
    "accent": "Buttons, launcher, links. Adjusted for text so that it stays readable.",
    "link": "Adjusted in the other mode so that it stays readable.",
    "header_background": "For a colored header. Uses the accent color if empty.",
    "font": "Inter is hosted here; other fonts come from the visitor’s device.",
    "title": "Uses the bot’s name if empty.",
    "launcher_text": "Such as “Questions? Ask us”. Leave empty for the icon only.",
    "launcher_hidden": "Open it from your own code with Mevichat.open().",
    "teaser_text": "Shown once; visitors can dismiss it. Leave empty for none.",
    "teaser_seconds": "0 = none.",
    "open_seconds": "0 = never. Never opens automatically on phones.",
    "window_height": "At most 80% of the page. Fills the screen on phones.",
    "disclaimer": "The default says, in the visitor’s language, that AI writes the answers and can be wrong.",
    "privacy_url": "Linked below the message box. Leave empty for no link.",
}
UNITS = {"teaser_seconds": "s", "open_seconds": "s"}
_SELECTS = {"font", "language", "direction"}


@dataclass(frozen=True)
class Group:
    name: str
    fields: tuple[str, ...]
    own: int
    """How many of them differ from the defaults."""
    open: bool


def kind_of(name: str) -> str:
    """How the field is drawn: color, number, choice, select, flag or line."""
    facts = FACTS[name]
    if "enum" in facts:
        return "select" if name in _SELECTS else "choice"
    if "minimum" in facts:
        return "number"
    if facts["type"] == "boolean":
        return "flag"
    return "color" if facts.get("format") == "color" else "line"


def is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _field(name: str) -> Field:
    title, kind = FACTS[name]["title"], kind_of(name)
    if kind in ("choice", "select"):
        made = RadioField if kind == "choice" else SelectField
        choices = [SelectChoice(value, text) for value, text in LABELS[name].items()]
        return made(title, choices=choices, validate_choice=False)
    if kind == "flag":
        return BooleanField(title)
    placeholder = CHOSEN_FOR_YOU if kind == "color" and not FACTS[name]["default"] else ""
    return StringField(title, render_kw={"placeholder": placeholder} if placeholder else {})


class _Base(Form):
    """A field's error comes with the nearest color that is readable, if there is one."""

    def blame(self, problems: list[Problem]) -> None:
        for problem in problems:
            field = self[problem.field]
            field.errors = [*field.errors, problem.sentence]
            field.better = problem.better

    def show(self, appearance: Appearance) -> None:
        for name in FACTS:
            self[name].data = str(value) if is_number(value := getattr(appearance, name)) else value

    def typed(self) -> dict[str, Any]:
        """The fields' values as submitted."""
        return {name: self[name].data for name in FACTS if self[name].data is not None}

    def take(self, offered: str) -> None:
        """Applies `link:#0d6360`, the value of the button that replaces an unreadable color."""
        name, _, color = offered.partition(":")
        if name in FACTS and kind_of(name) == "color":
            self[name].data = color

    def groups(self, appearance: Appearance) -> list[Group]:
        """The groups in order; those with errors are open, and the first."""
        return [
            Group(
                name, fields, _own(appearance, fields), name == "Colors" or self._is_wrong(fields)
            )
            for name, fields in GROUPS.items()
        ]

    def _is_wrong(self, fields: tuple[str, ...]) -> bool:
        return any(self[name].errors for name in fields)


AppearanceForm: Any = type("LookForm", (_Base,), {name: _field(name) for name in FACTS})


def _own(appearance: Appearance, fields: tuple[str, ...]) -> int:
    changed: Mapping[str, Any] = appearance.changed()
    return sum(name in changed for name in fields)
