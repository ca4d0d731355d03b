"""Who may import whom: `LAYERS`, from the lowest to the highest. A module imports from lower layers only.

Members of one layer do not know each other.
"""

import pytest

from tests.house.sources import Source, is_or_is_inside, sources

LAYERS = (
    (
        *("core.clock", "core.deadline", "core.errors", "core.log"),
        *("core.ordering", "core.text", "core.tls"),
    ),
    (
        *("core.background", "core.db", "core.ids", "core.plans", "core.queue"),
        *("core.settings_mail", "core.settings_secrets"),
    ),
    ("core.commit_cache", "core.migrations", "core.settings"),
    ("core.secrets",),
    ("core.http",),
    ("core.providers",),
    ("core.configuration", "core.outbox"),
    ("core.accounts",),
    ("core.webhooks",),
    ("core.keys",),
    ("core.usage",),
    ("core.knowledge",),
    ("core.bots", "core.gateway"),
    ("core.operations",),
    ("web", "workers.jobs"),
    ("app",),
    ("workers.schedule", "workers.worker"),
)

ONLY_IN = {
    "flask_sqlalchemy": ("core.db",),
    "flask": ("web", "app"),
    "flask_login": ("web",),
    "flask_wtf": ("web",),
    "flask_limiter": ("web",),
    "flask_migrate": ("web",),
    "werkzeug": ("web", "app"),
    "web": ("web", "app"),
}
"""What only these may import: the web framework stays out of the core, and the pages out of the workers."""

_RANKS = {place: rank for rank, layer in enumerate(LAYERS) for place in layer}


def place_of(name: str) -> str | None:
    """The member of a layer that a module is or is inside of."""
    return next((place for place in _RANKS if is_or_is_inside(name, place)), None)


def wrong_imports(source: Source) -> set[str]:
    """What a module imports from a higher layer, from beside it, or where only others may."""
    own = place_of(source.name)
    imported = list(source.imports())
    places = {place for name in imported if (place := place_of(name)) and place != own}
    wrong = {place for place in places if own is None or _RANKS[place] >= _RANKS[own]}
    return wrong | {
        library
        for library, allowed in ONLY_IN.items()
        if not source.is_in(*allowed) and any(is_or_is_inside(name, library) for name in imported)
    }


def test_imports_point_down():
    wrong = {source.name: wrong_imports(source) for source in sources()}
    assert {name: places for name, places in wrong.items() if places} == {}


def test_every_module_that_imports_has_a_layer():
    nowhere = [one.name for one in sources() if any(one.imports()) and not place_of(one.name)]
    assert nowhere == []


def test_every_layer_has_modules():
    found = {place_of(source.name) for source in sources()}
    assert [place for place in _RANKS if place not in found] == []


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("core.keys.store", "from core.bots import quota", "core.bots"),
        ("core.keys.store", "from core import bots", "core.bots"),
        ("core.keys.store", "from ..bots import quota", "core.bots"),
        ("core.keys.store", "def f():\n    import core.gateway.tokens", "core.gateway"),
        ("core.keys.store", "from core.usage import counting", "core.usage"),
        ("core.bots.bots", "from core.gateway import access", "core.gateway"),
        ("core.gateway.access", "from core.bots import bots", "core.bots"),
        ("core.outbox.sending", "from core.webhooks import calls", "core.webhooks"),
        ("core.secrets.vault", "from core.keys import store", "core.keys"),
        ("core.settings", "from core.providers import catalogue", "core.providers"),
        ("core.errors", "from core import clock", "core.clock"),
        ("core.bots.answers.turns", "from flask import request", "flask"),
        ("core.bots.answers.turns", "from flask_sqlalchemy import SQLAlchemy", "flask_sqlalchemy"),
        ("core.queue", "import workers.jobs", "workers.jobs"),
        ("web.chat.pages", "from workers import jobs", "workers.jobs"),
        ("web.chat.pages", "from app import create_app", "app"),
        ("workers.jobs", "import web.errors", "web"),
        ("workers.jobs", "import app", "app"),
        ("workers.worker", "from web import errors", "web"),
        ("workers.worker", "from flask import Flask", "flask"),
        ("core.of_tomorrow", "from core import clock", "core.clock"),
    ],
)
def test_a_wrong_import_is_found(name, text, found):
    assert wrong_imports(Source(name, text)) == {found}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("core.keys.store", "import flasks, core.bots_of_others"),
        ("core.keys.store", "from core.keys import states"),
        ("core.db", "from flask_sqlalchemy import SQLAlchemy"),
        ("workers.worker", "from app import create_app"),
        ("app", "import web"),
    ],
)
def test_a_right_import_is_not(name, text):
    assert not wrong_imports(Source(name, text))
