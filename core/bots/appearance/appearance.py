"""The appearance of a bot's widget and chat page: every option that its owner can set, with its default.

`Bot.look` stores only the fields that differ from the defaults. `theme` derives the colors from them.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from core.bots.appearance import colors
from core.bots.models import Bot
from core.plans import Plan
from core.text import fit


def _one_line(text: object) -> object:
    return " ".join(fit(text).split()) if isinstance(text, str) else text


def _color_or_none(text: str) -> str:
    return colors.normal(text) if text else ""


def _address(text: str) -> str:
    if not text:
        return text
    try:
        parts = urlsplit(text)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        usable = False
    if not usable or " " in text:
        raise ValueError(
            f"“{text[:60]}” is not a web address. Write it like https://example.com/privacy."
        )
    return text


_Line = Annotated[str, BeforeValidator(_one_line)]
_COLOR = Field(json_schema_extra={"format": "color"})
Color = Annotated[_Line, AfterValidator(colors.normal), _COLOR]
CustomColor = Annotated[_Line, AfterValidator(_color_or_none), _COLOR]
"""A color, or "" to derive it from the others."""
Address = Annotated[_Line, AfterValidator(_address)]


class Appearance(BaseModel):
    """Each field's `title` is its label in the console. Sizes are CSS pixels."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    # Colors
    mode: Literal["auto", "light", "dark"] = Field("auto", title="Color mode")
    accent: Color = Field("#0d6360", title="Accent")
    accent_text: CustomColor = Field("", title="Text on accent")
    background_light: CustomColor = Field("", title="Background in light mode")
    background_dark: CustomColor = Field("", title="Background in dark mode")
    visitor_background: CustomColor = Field("", title="Visitor bubble")
    visitor_text: CustomColor = Field("", title="Visitor bubble text")
    answer_background: CustomColor = Field("", title="Answer bubble")
    link: CustomColor = Field("", title="Links in answers")

    # Header
    header: Literal["plain", "accent"] = Field("plain", title="Header")
    header_background: CustomColor = Field("", title="Header background")
    header_text: CustomColor = Field("", title="Header text")
    title: _Line = Field("", title="Title", max_length=80)
    subtitle: _Line = Field("", title="Subtitle", max_length=80)
    avatar: Literal["monogram", "picture", "none"] = Field("monogram", title="Avatar")

    # Messages
    font: Literal["inter", "system", "serif", "rounded", "mono"] = Field("inter", title="Font")
    font_size: int = Field(16, title="Text size", ge=14, le=18)
    radius: int = Field(10, title="Corner radius", ge=0, le=24)

    # Launcher
    side: Literal["right", "left"] = Field("right", title="Position")
    offset_x: int = Field(20, title="Distance from the side", ge=0, le=200)
    offset_y: int = Field(20, title="Distance from the bottom", ge=0, le=200)
    launcher_size: int = Field(56, title="Launcher size", ge=48, le=72)
    launcher_shape: Literal["circle", "rounded", "square"] = Field("circle", title="Launcher shape")
    launcher_icon: Literal["chat", "help", "spark", "avatar"] = Field("chat", title="Launcher icon")
    launcher_text: _Line = Field("", title="Launcher label", max_length=40)
    launcher_background: CustomColor = Field("", title="Launcher color")
    launcher_hidden: bool = Field(False, title="Hide the launcher (your site opens the chat)")
    badge: bool = Field(True, title="Show the unread count on the launcher")
    teaser_text: _Line = Field("", title="Greeting bubble", max_length=140)
    teaser_seconds: int = Field(8, title="Show the greeting after", ge=0, le=120)
    open_seconds: int = Field(0, title="Auto-open after", ge=0, le=600)

    # Window
    window_width: int = Field(384, title="Window width", ge=320, le=640)
    window_height: int = Field(640, title="Window height", ge=400, le=900)

    # Words
    placeholder: _Line = Field("", title="Input placeholder", max_length=80)
    disclaimer: _Line = Field("", title="Note under the message box", max_length=200)
    privacy_url: Address = Field("", title="Privacy policy URL", max_length=300)
    privacy_text: _Line = Field("", title="Privacy link text", max_length=80)
    powered_by: bool = Field(True, title="Show “Powered by Mevichat”")

    # Language
    language: Literal["auto", "en", "de", "fr", "es", "pt", "ja", "ar"] = Field(
        "auto", title="Language"
    )
    direction: Literal["auto", "ltr", "rtl"] = Field("auto", title="Text direction")

    def changed(self) -> dict[str, Any]:
        """The fields that differ from the defaults: all that is stored."""
        return self.model_dump(exclude_defaults=True)


DEFAULTS = Appearance.model_validate({})
FACTS: dict[str, dict[str, Any]] = Appearance.model_json_schema()["properties"]
"""By field: title, default, and its bounds as `minimum`, `maximum`, `maxLength`, `enum` or `format`."""


def appearance_of(bot: Bot) -> Appearance:
    """The bot's appearance. A stored value that this version can't use falls back to its default."""
    return usable(bot.look or {})


def usable(values: Mapping[str, Any]) -> Appearance:
    """An appearance from the valid values; the others fall back to their defaults."""
    fields = {name: value for name, value in values.items() if name in FACTS}
    try:
        return Appearance.model_validate(fields)
    except ValidationError as error:
        invalid = {name for problem in error.errors() for name in problem["loc"][:1]}
        return Appearance.model_validate({name: fields[name] for name in fields.keys() - invalid})


def title_of(bot: Bot, appearance: Appearance) -> str:
    """The title in the chat's header."""
    return appearance.title or bot.name


def shows_branding(appearance: Appearance, plan: Plan) -> bool:
    """Whether to show “Powered by Mevichat”. Only some plans can hide it: a downgrade shows it again."""
    return appearance.powered_by or not plan.hides_our_name
