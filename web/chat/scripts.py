"""The scripts of the chat, under an address that changes with any of them: all are kept for a year.

A frame opens on page after page of a site; asking for thirty modules again each time would be most of its wait.
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
_PLACES = ("chat/**/*.js", "vendor/markdown-it@*/*.js")
"""In the static folder, whose order is that of the addresses: a module imports another by the way there."""


@pages.get("/chat-scripts/<version>/<path:module>")
@public
def script(version: str, module: str) -> Response:
    """One module. Under another version's address it is this one's, and not kept."""
    modules, ours = _modules(_folder())
    if module not in modules:
        raise NotFound("Script not found.")
    response = send_from_directory(_folder(), module, mimetype="text/javascript")
    response.cache_control.public = True
    response.cache_control.no_cache = None if version == ours else True
    response.cache_control.max_age = YEAR_SECONDS if version == ours else 0
    response.cache_control.immutable = version == ours
    return response


def main_url() -> str:
    return _url(MAIN)


def imported_urls() -> list[str]:
    """All that the first one imports: asked for with it, rather than one after the other."""
    return [_url(name) for name in _modules(_folder())[0] if name != MAIN]


def _url(module: str) -> str:
    return url_for("chat_scripts.script", version=_modules(_folder())[1], module=module)


def _folder() -> str:
    return current_app.static_folder or ""


@cache
def _modules(folder: str) -> tuple[tuple[str, ...], str]:
    """Their paths in that folder, and a digest of all of them."""
    paths = sorted(path for place in _PLACES for path in Path(folder).glob(place))
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()
    return tuple(path.relative_to(folder).as_posix() for path in paths), digest[:10]
