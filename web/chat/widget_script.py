"""The script that a site loads: the files of static/widget as one, with what a bot's look says in front.

It has to work on any page by itself: nothing of it is fetched, and its styles travel with it as text.
"""

import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import rcssmin
import rjsmin

from core.bots.appearance import appearance as looks
from core.bots.appearance import theme
from core.bots.appearance.appearance import Appearance
from core.bots.models import Bot
from web.chat import appearance as chat_appearance
from web.chat import css_tokens, languages

VERSION = "1.0"
_FOLDER = Path(__file__).parents[1] / "static" / "widget"
_TEASER = ("teaser",)
_CORNERS = {"circle": 0.5, "rounded": 0.28, "square": 0.07}
_SAID = ("open", "close", "unread", "failed", "again", "dismiss")
_GAP = 12
"""Between launcher and window, in px."""


def loader(bot: Bot, base: str) -> str:
    """For a site that may show the bot. `base` is where this deployment is found, without a slash."""
    look = looks.appearance_of(bot)
    config = _written(_config(bot, look, base))
    source = _source(bool(look.teaser_text))
    return f'(() => {{\n"use strict";\nconst config = {config};\n{source}}})();\n'


def silent(bot_id: str, sentence: str) -> str:
    """For a site that may not: one line in its console, and a widget that stands there already goes."""
    return (
        f"console.info({_written(f'Mevichat: {sentence}')});\n"
        f'window[Symbol.for("mevichat")]?.get({_written(bot_id)})?.leave();\n'
    )


def _config(bot: Bot, look: Appearance, base: str) -> dict[str, Any]:
    origin = "{0.scheme}://{0.netloc}".format(urlsplit(base))
    face = look.launcher_icon == "avatar"
    picture = chat_appearance.avatar_url(bot, look) if face else ""
    return {
        "version": VERSION,
        "id": bot.id,
        "origin": origin,
        "script": f"{base}/w/{bot.id}.js",
        "frame": f"{base}/chat/{bot.id}/frame",
        "title": looks.title_of(bot, look),
        "language": look.language,
        "words": {code: _words(code, look) for code in languages.CODES},
        "side": look.side,
        "icon": "" if face else _icons()[look.launcher_icon],
        "cross": _icons()["cross"],
        "letters": _letters(looks.title_of(bot, look)),
        "picture": picture and base + picture,
        "text": look.launcher_text,
        "hidden": look.launcher_hidden,
        "badge": look.badge,
        "teaser": look.teaser_text,
        "teaserSeconds": look.teaser_seconds,
        "openSeconds": look.open_seconds,
        "css": _css(look),
    }


def _words(code: str, look: Appearance) -> dict[str, str]:
    words = languages.words(code)
    direction = words.direction if look.direction == "auto" else look.direction
    said = {name: words.loader[name] for name in _SAID if look.teaser_text or name != "dismiss"}
    return said | {"direction": direction}


def _letters(name: str) -> str:
    """As components/monogram.html draws them."""
    words = name.split()
    return "".join(word[0] for word in words[:2]).upper() if len(words) > 1 else name[:1].upper()


def _css(look: Appearance) -> str:
    """Important on :host: so a page's own custom properties of the same name stay outside."""
    launcher, chosen = theme.launcher_of(look), theme.variables(look)
    sheet = _sheet(bool(look.teaser_text))
    values = css_tokens.values(css_tokens.used_in(sheet, chosen), chosen) | {
        "--launcher": launcher.paper,
        "--on-launcher": launcher.ink,
        "--size": f"{look.launcher_size}px",
        "--corner": f"{round(look.launcher_size * _CORNERS[look.launcher_shape])}px",
        "--x": f"{look.offset_x}px",
        "--y": f"{look.offset_y}px",
        "--above": f"{look.offset_y + look.launcher_size + _GAP}px",
        "--width": f"{look.window_width}px",
        "--height": f"{look.window_height}px",
    }
    scheme = "light dark" if look.mode == "auto" else look.mode
    mine = [f"{name}:{value}!important" for name, value in values.items()]
    return f"{sheet}:host{{color-scheme:{scheme}!important;{';'.join(mine)}}}"


@cache
def _sheet(teases: bool) -> str:
    """The sheet, minified."""
    names = ("shell", *_TEASER[:teases])
    minified: str = rcssmin.cssmin(_joined(names, "css"))
    return minified


@cache
def _source(teases: bool) -> str:
    """The scripts as one, minified."""
    names = ("page", "shell", "frame", "window", *_TEASER[:teases], "loader")
    minified: str = rjsmin.jsmin(_joined(names, "js"))
    return minified


def _joined(names: Iterable[str], suffix: str) -> str:
    return "".join((_FOLDER / f"{name}.{suffix}").read_text() for name in names)


@cache
def _icons() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((_FOLDER / "icons.json").read_text())
    return found


def _written(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
