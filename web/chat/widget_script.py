"""The widget script: the files of static/widget in one, preceded by the bot's configuration.

It has to be self-contained to work on any page, so its styles are embedded as text.
"""

import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import rcssmin
import rjsmin

from core.bots.appearance import appearance as appearances
from core.bots.appearance import theme
from core.bots.appearance.appearance import Appearance
from core.bots.models import Bot
from web.chat import appearance as chat_appearance
from web.chat import css_tokens, languages

VERSION = "1.0"
_FOLDER = Path(__file__).parents[1] / "static" / "widget"
_TEASER = ("teaser",)
_CORNERS = {"circle": 0.5, "rounded": 0.28, "square": 0.07}
_LOADER_TEXTS = ("open", "close", "unread", "failed", "again", "dismiss")
_GAP = 12
"""Between launcher and window, in px."""


def loader(bot: Bot, base: str) -> str:
    """The script for an allowed site. `base` is the deployment's URL without a trailing slash."""
    appearance = appearances.appearance_of(bot)
    config = _json(_config(bot, appearance, base))
    source = _source(bool(appearance.teaser_text))
    return f'(() => {{\n"use strict";\nconst config = {config};\n{source}}})();\n'


def silent(bot_id: str, message: str) -> str:
    """The script for any other site: logs a message and removes a widget that is already there."""
    return (
        f"console.info({_json(f'Mevichat: {message}')});\n"
        f'window[Symbol.for("mevichat")]?.get({_json(bot_id)})?.leave();\n'
    )


def _config(bot: Bot, appearance: Appearance, base: str) -> dict[str, Any]:
    origin = "{0.scheme}://{0.netloc}".format(urlsplit(base))
    shows_avatar = appearance.launcher_icon == "avatar"
    picture = chat_appearance.avatar_url(bot, appearance) if shows_avatar else ""
    return {
        "version": VERSION,
        "id": bot.id,
        "origin": origin,
        "script": f"{base}/w/{bot.id}.js",
        "frame": f"{base}/chat/{bot.id}/frame",
        "title": appearances.title_of(bot, appearance),
        "language": appearance.language,
        "words": {code: _words(code, appearance) for code in languages.CODES},
        "side": appearance.side,
        "icon": "" if shows_avatar else _icons()[appearance.launcher_icon],
        "cross": _icons()["cross"],
        "initials": _initials(appearances.title_of(bot, appearance)),
        "picture": picture and base + picture,
        "text": appearance.launcher_text,
        "hidden": appearance.launcher_hidden,
        "badge": appearance.badge,
        "teaser": appearance.teaser_text,
        "teaserSeconds": appearance.teaser_seconds,
        "openSeconds": appearance.open_seconds,
        "css": _css(appearance),
    }


def _words(code: str, appearance: Appearance) -> dict[str, str]:
    words = languages.words(code)
    direction = words.direction if appearance.direction == "auto" else appearance.direction
    texts = {
        name: words.loader[name]
        for name in _LOADER_TEXTS
        if appearance.teaser_text or name != "dismiss"
    }
    return texts | {"direction": direction}


def _initials(name: str) -> str:
    """The monogram's letters, as in components/monogram.html."""
    words = name.split()
    return "".join(word[0] for word in words[:2]).upper() if len(words) > 1 else name[:1].upper()


def _css(appearance: Appearance) -> str:
    """Uses !important on :host so that the page's custom properties of the same name don't apply."""
    launcher, overrides = theme.launcher_of(appearance), theme.variables(appearance)
    sheet = _sheet(bool(appearance.teaser_text))
    values = css_tokens.values(css_tokens.used_in(sheet, overrides), overrides) | {
        "--launcher": launcher.paper,
        "--on-launcher": launcher.ink,
        "--size": f"{appearance.launcher_size}px",
        "--corner": f"{round(appearance.launcher_size * _CORNERS[appearance.launcher_shape])}px",
        "--x": f"{appearance.offset_x}px",
        "--y": f"{appearance.offset_y}px",
        "--above": f"{appearance.offset_y + appearance.launcher_size + _GAP}px",
        "--width": f"{appearance.window_width}px",
        "--height": f"{appearance.window_height}px",
    }
    scheme = "light dark" if appearance.mode == "auto" else appearance.mode
    declarations = [f"{name}:{value}!important" for name, value in values.items()]
    return f"{sheet}:host{{color-scheme:{scheme}!important;{';'.join(declarations)}}}"


@cache
def _sheet(has_teaser: bool) -> str:
    """The stylesheet, minified."""
    names = ("shell", *_TEASER[:has_teaser])
    minified: str = rcssmin.cssmin(_joined(names, "css"))
    return minified


@cache
def _source(has_teaser: bool) -> str:
    """The scripts in one, minified."""
    names = ("page", "shell", "frame", "window", *_TEASER[:has_teaser], "loader")
    minified: str = rjsmin.jsmin(_joined(names, "js"))
    return minified


def _joined(names: Iterable[str], suffix: str) -> str:
    return "".join((_FOLDER / f"{name}.{suffix}").read_text() for name in names)


@cache
def _icons() -> dict[str, Any]:
    icons: dict[str, Any] = json.loads((_FOLDER / "icons.json").read_text())
    return icons


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
