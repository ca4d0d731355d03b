"""What the Appearance page shows beside its form: preset swatches and the preview's data."""

from dataclasses import dataclass
from typing import Any

from flask import request

from core.bots.appearance import appearance as appearances
from core.bots.appearance import presets, theme
from core.bots.appearance.appearance import Appearance
from core.bots.appearance.contrast import Problem
from core.bots.appearance.presets import Preset
from core.bots.models import Bot
from web.chat import appearance as chat_appearance
from web.chat import languages
from web.chat.languages import Words

CORNERS = {"circle": 0.5, "rounded": 0.28, "square": 0.07}
"""As shares of the launcher's size, as in `widget_script`."""
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


def swatches(appearance: Appearance) -> list[Swatch]:
    return [_swatch(preset, appearance) for preset in presets.PRESETS]


def _swatch(preset: Preset, appearance: Appearance) -> Swatch:
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
        picked=presets.applied(preset, appearance) == appearance,
    )  # fmt: skip


def preview(bot: Bot, appearance: Appearance, problems: list[Problem]) -> dict[str, Any]:
    """Everything that the page's scripts and the frame need to draw the preview."""
    words = language_of(appearance)
    return {
        "variables": theme.variables(appearance),
        "words": _words(bot, appearance, words),
        "mode": appearance.mode,
        "direction": words.direction if appearance.direction == "auto" else appearance.direction,
        "language": words.code,
        "launcher": _launcher(bot, appearance),
        "window": {
            "width": appearance.window_width,
            "height": appearance.window_height,
            "radius": appearance.radius,
        },
        "derived": theme.derived(appearance),
        "problems": [vars(problem) for problem in problems],
    }


def language_of(appearance: Appearance) -> Words:
    return languages.words(languages.best(request.headers.get("Accept-Language", ""), appearance))


def _words(bot: Bot, appearance: Appearance, words: Words) -> dict[str, str]:
    """By the names of `data-word` in the chat's templates; empty texts are hidden."""
    say, shows_branding = words.page, appearances.shows_branding(appearance, bot.workspace.plan)
    return {
        "title": appearances.title_of(bot, appearance),
        "subtitle": appearance.subtitle,
        "placeholder": appearance.placeholder or say["placeholder"],
        "disclaimer": appearance.disclaimer or say["disclaimer"],
        "privacy": (appearance.privacy_text or say["privacy"]) if appearance.privacy_url else "",
        "privacy_url": appearance.privacy_url,
        "powered_by": say["powered_by"] if shows_branding else "",
        "avatar": appearance.avatar,
        "picture": chat_appearance.avatar_url(bot, appearance),
    }


def _launcher(bot: Bot, appearance: Appearance) -> dict[str, Any]:
    ground = theme.launcher_of(appearance)
    return {
        "background": ground.paper,
        "ink": ground.ink,
        "size": appearance.launcher_size,
        "corner": round(appearance.launcher_size * CORNERS[appearance.launcher_shape]),
        "icon": LAUNCHER_ICONS.get(appearance.launcher_icon, ""),
        "text": appearance.launcher_text,
        "side": appearance.side,
        "hidden": appearance.launcher_hidden,
        "badge": appearance.badge,
        "teaser": appearance.teaser_text if appearance.teaser_seconds else "",
        "title": appearances.title_of(bot, appearance),
        "picture": chat_appearance.avatar_url(bot, appearance)
        if appearance.launcher_icon == "avatar"
        else "",
    }
