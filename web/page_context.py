"""What every template can use: the person, the workspace, permissions, and filters for display."""

import hashlib
from collections.abc import Iterable
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Flask, current_app, g, request, url_for
from flask_login import current_user
from markupsafe import Markup

from core import clock
from core.accounts import workspaces

_YEAR_SECONDS = 365 * 86400
_UNITS = ((86400, "day"), (3600, "hour"), (60, "minute"))


def register(app: Flask) -> None:
    from web.people import sessions

    sessions.register(app)
    app.context_processor(_context)
    app.jinja_env.filters.update(ago=ago, day=day, grouped=grouped, seconds=seconds)
    app.jinja_env.globals["asset"] = asset
    app.get_send_file_max_age = _cache_seconds  # type: ignore[method-assign]
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True


def _context() -> dict[str, Any]:
    if g.get("stands_alone"):
        return {"person": None, "workspace": None, "can": _no_permission}
    membership = g.get("membership")
    person = current_user.person if current_user and current_user.is_authenticated else None
    return {
        "person": person,
        "workspace": membership.workspace if membership else None,
        "role": membership.role_name if membership else "",
        "my_workspaces": [row.workspace for row in workspaces.memberships_of(person.id)]
        if person
        else [],
        "can": membership.allows if membership else _no_permission,
    }


def _no_permission(_permission: str) -> bool:
    return False


def asset(path: str) -> str:
    """The URL of a static file, with a digest of its content so that it can be cached for a year.

    Vendored files carry their version in the path.
    """
    folder = current_app.static_folder or ""
    digest = None if path.startswith("vendor/") else _digest(str(Path(folder) / path))
    return url_for("static", filename=path, v=digest)


def _cache_seconds(filename: str | None) -> int | None:
    """A year for URLs that change with their content. Modules imported by others are revalidated."""
    fixed = "v" in request.args or (filename or "").startswith("vendor/")
    return _YEAR_SECONDS if fixed else None


@lru_cache(maxsize=500)
def _digest(path: str) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()[:10]


def ago(moment: datetime | None) -> Markup:
    """A relative time with the exact one for machines: `<time …>3 minutes ago</time>`, or `in 5 minutes`."""
    if moment is None:
        return Markup('<span class="quiet">never</span>')
    exact = moment.isoformat(timespec="seconds")
    return Markup(
        '<time datetime="{0}" data-behavior="relative-time" title="{1}">{2}</time>'
    ).format(exact, moment.strftime("%d %b %Y, %H:%M UTC"), _words(moment))


def _words(moment: datetime) -> str:
    seconds_ago = (clock.now() - moment).total_seconds()
    away = abs(seconds_ago)
    if away < 60:
        return "just now" if seconds_ago >= 0 else "in a moment"
    if away > 30 * 86400:
        return day(moment.date())
    size, unit = next(step for step in _UNITS if away >= step[0])
    count = int(away // size)
    distance = f"{count} {unit}{'' if count == 1 else 's'}"
    return f"{distance} ago" if seconds_ago > 0 else f"in {distance}"


def day(moment: date | None) -> str:
    return f"{moment.day} {moment.strftime('%b %Y')}" if moment else ""


def grouped(number: int | None) -> str:
    """`5,000`; a dash if unknown."""
    return "–" if number is None else f"{number:,}"


def seconds(milliseconds: int | None) -> str:
    """Milliseconds as seconds: 1.2 s."""
    return "–" if milliseconds is None else f"{milliseconds / 1000:.1f} s"


def listed(words: Iterable[str]) -> str:
    """`Support, Sales and Help`; "" for none."""
    items = list(words)
    return " and ".join(part for part in (", ".join(items[:-1]), *items[-1:]) if part)
