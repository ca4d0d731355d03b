"""What the page of a look shows beside its form: presets as small pictures, and all that the preview draws."""

from dataclasses import dataclass
from typing import Any

from flask import request

from core.bots.appearance import appearance as looks
from core.bots.appearance import presets, theme
from core.bots.appearance.appearance import Appearance
from core.bots.appearance.contrast import Problem
from core.bots.appearance.presets import Preset
from core.bots.models import Bot
from web.chat import appearance as chat_appearance
from web.chat import languages
from web.chat.languages import Words

CORNERS = {"circle": 0.5, "rounded": 0.28, "square": 0.07}
"""As shares of the launcher's size: those of widget_script."""
LAUNCHER_ICONS = {"chat": "message-circle", "help": "circle-question-mark", "spark": "sparkles"}


@dataclass(frozen=True)
class Swatch:
    """A preset in light mode, drawn 96 × 64."""

    preset: Preset
    paper: str
    line: str
    header: str
    header_line: str
    answer: str
    visitor: str
    fill: str
    corner: float
    launcher_corner: float
    picked: bool


def swatches(look: Appearance) -> list[Swatch]:
    return [_swatch(preset, look) for preset in presets.PRESETS]


def _swatch(preset: Preset, look: Appearance) -> Swatch:
    made, mode = preset.appearance, "light"
    paper, header, answer = (
        of(made, mode) for of in (theme.paper_of, theme.header_of, theme.answer_of)
    )
    return Swatch(
        preset, paper.paper, paper.line, header.paper, header.line,
        answer=answer.paper if made.answer_background else paper.line,
        visitor=theme.visitor_of(made, mode).paper,
        fill=theme.launcher_of(made).paper,
        corner=min(made.radius * 0.3, 5),
        launcher_corner=round(14 * CORNERS[made.launcher_shape], 1),
        picked=presets.applied(preset, look) == look,
    )  # fmt: skip


def preview(bot: Bot, look: Appearance, problems: list[Problem]) -> dict[str, Any]:
    """All that the page's scripts and the frame need to draw the look."""
    words = language_of(look)
    return {
        "variables": theme.variables(look),
        "words": _words(bot, look, words),
        "mode": look.mode,
        "direction": words.direction if look.direction == "auto" else look.direction,
        "language": words.code,
        "launcher": _launcher(bot, look),
        "window": {"width": look.window_width, "height": look.window_height, "radius": look.radius},
        "derived": theme.derived(look),
        "problems": [vars(problem) for problem in problems],
    }


def language_of(look: Appearance) -> Words:
    return languages.words(languages.best(request.headers.get("Accept-Language", ""), look))


def _words(bot: Bot, look: Appearance, words: Words) -> dict[str, str]:
    """By the names of `data-word` in the chat's templates; what is empty does not show."""
    say, our_name = words.page, looks.shows_branding(look, bot.workspace.plan)
    return {
        "title": looks.title_of(bot, look),
        "subtitle": look.subtitle,
        "placeholder": look.placeholder or say["placeholder"],
        "disclaimer": look.disclaimer or say["disclaimer"],
        "privacy": (look.privacy_text or say["privacy"]) if look.privacy_url else "",
        "privacy_url": look.privacy_url,
        "powered_by": say["powered_by"] if our_name else "",
        "avatar": look.avatar,
        "picture": chat_appearance.avatar_url(bot, look),
    }


def _launcher(bot: Bot, look: Appearance) -> dict[str, Any]:
    ground = theme.launcher_of(look)
    return {
        "background": ground.paper,
        "ink": ground.ink,
        "size": look.launcher_size,
        "corner": round(look.launcher_size * CORNERS[look.launcher_shape]),
        "icon": LAUNCHER_ICONS.get(look.launcher_icon, ""),
        "text": look.launcher_text,
        "side": look.side,
        "hidden": look.launcher_hidden,
        "badge": look.badge,
        "teaser": look.teaser_text if look.teaser_seconds else "",
        "title": looks.title_of(bot, look),
        "picture": chat_appearance.avatar_url(bot, look) if look.launcher_icon == "avatar" else "",
    }
