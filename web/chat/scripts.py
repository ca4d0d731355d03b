"""The chat's JavaScript modules under a versioned URL, so that browsers cache them for a year.

The frame opens on every page of a site; revalidating thirty modules each time would dominate its load time.
"""

import hashlib
from functools import cache
from pathlib import Path

from flask import Blueprint, Response, current_app, send_from_directory, url_for

from core.errors import NotFound
from web.guards import public

pages = Blueprint("chat_scripts", __name__)

YEAR_SECONDS = 365 * 86400
MAIN = "chat/main.js"
_PATTERNS = ("chat/**/*.js", "vendor/markdown-it@*/*.js")
"""In the static folder. URLs mirror its paths, because modules import each other by relative path."""


@pages.get("/chat-scripts/<version>/<path:module>")
@public
def script(version: str, module: str) -> Response:
    """One module. Another version's URL returns the current module, uncached."""
    modules, current = _modules(_folder())
    if module not in modules:
        raise NotFound("Script not found.")
    response = send_from_directory(_folder(), module, mimetype="text/javascript")
    response.cache_control.public = True
    response.cache_control.no_cache = None if version == current else True
    response.cache_control.max_age = YEAR_SECONDS if version == current else 0
    response.cache_control.immutable = version == current
    return response


def main_url() -> str:
    return _url(MAIN)


def imported_urls() -> list[str]:
    """All modules except the main one, to preload them in parallel."""
    return [_url(name) for name in _modules(_folder())[0] if name != MAIN]


def _url(module: str) -> str:
    return url_for("chat_scripts.script", version=_modules(_folder())[1], module=module)


def _folder() -> str:
    return current_app.static_folder or ""


@cache
def _modules(folder: str) -> tuple[tuple[str, ...], str]:
    """The modules' paths in that folder, and a digest of their content."""
    paths = sorted(path for pattern in _PATTERNS for path in Path(folder).glob(pattern))
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()
    return tuple(path.relative_to(folder).as_posix() for path in paths), digest[:10]
