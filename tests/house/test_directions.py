"""Who may import whom (style guide, “Direction”): `app → web, workers → core`, and the order inside core."""

import pytest

from tests.house.sources import Source, is_or_is_inside, sources

WEB_FRAMEWORK = ("flask", "flask_login", "flask_wtf", "flask_limiter", "flask_migrate", "werkzeug")

PARTS = (
    "core.accounts", "core.bots", "core.gateway", "core.keys", "core.knowledge", "core.outbox",
    "core.providers", "core.usage",
)  # fmt: skip

FORBIDDEN = [
    ("core", ("app", "web", "workers", "flask_sqlalchemy", *WEB_FRAMEWORK)),
    ("core.keys", ("core.bots", "core.gateway")),
    ("core.usage", ("core.bots", "core.gateway")),
    ("core.knowledge", ("core.bots", "core.gateway")),
    ("core.providers", ("core.accounts", "core.keys", "core.bots", "core.gateway", "core.db")),
    ("core.bots", ("core.gateway",)),
    ("core.gateway", ("core.bots",)),
    ("core.accounts", ("core.keys", "core.bots", "core.gateway")),
    ("core.outbox", ("core.keys", "core.bots", "core.gateway")),
    (
        "core.secrets.deployment_secrets",
        ("core.keys", "core.accounts", "core.bots", "core.gateway"),
    ),
    (
        "core.secrets.vault",
        ("core.accounts", "core.outbox", "core.bots", "core.gateway", "core.db"),
    ),
    ("core.http", ("core.accounts", "core.keys", "core.bots", "core.providers", "core.db")),
    ("core.settings", (*PARTS, "core.configuration", "core.db", "core.http", "core.log")),
    ("core.log", (*PARTS, "core.configuration", "core.db", "core.http", "core.settings")),
    ("web", ("app", "workers")),
    ("workers", ("app", "web", *WEB_FRAMEWORK)),
]

FOR_ALL = ("core.secrets.vault",)
"""What seals knows nobody: whoever keeps a secret may call it."""

ALLOWED = {
    ("core.db", "flask_sqlalchemy"): "the one place that knows the database library",
    ("workers.schedule", "app"): "a process of its own, which makes the application",
    ("workers.worker", "app"): "a process of its own, which makes the application",
}


def wrong_imports(source: Source) -> set[str]:
    """What a module imports from where it must not."""
    return {
        place
        for who, places in FORBIDDEN
        if source.is_in(who)
        for place in places
        if (source.name, place) not in ALLOWED
        and any(is_or_is_inside(imported, place) for imported in _counted(source))
    }


def _counted(source: Source) -> list[str]:
    imported = list(source.imports())
    vault_only = {"core.keys"} if "core.secrets.vault" in imported else set()
    return [name for name in imported if name not in FOR_ALL and name not in vault_only]


def test_imports_point_the_right_way():
    wrong = {source.name: wrong_imports(source) for source in sources()}
    assert {name: places for name, places in wrong.items() if places} == {}


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("core.keys.store", "from core.bots import quota", "core.bots"),
        ("core.keys.store", "from core import bots", "core.bots"),
        ("core.keys.store", "from ..bots import quota", "core.bots"),
        ("core.keys.store", "def f():\n    import core.gateway.tokens", "core.gateway"),
        ("core.bots.answers.turns", "from flask import request", "flask"),
        ("core.bots.answers.turns", "from flask_sqlalchemy import SQLAlchemy", "flask_sqlalchemy"),
        ("core.queue", "import workers.jobs", "workers"),
        ("core.settings", "from core.providers import catalogue", "core.providers"),
        ("core.log", "from core.providers.scrub import scrub", "core.providers"),
        ("web.chat.pages", "from workers import jobs", "workers"),
        ("workers.jobs", "import web.errors", "web"),
        ("workers.jobs", "import app", "app"),
    ],
)
def test_the_reader_finds_a_wrong_import(name, text, found):
    assert wrong_imports(Source(name, text)) == {found}


def test_the_reader_is_not_fooled_by_a_likeness():
    assert not wrong_imports(Source("core.keys.store", "import flasks, core.bots_of_others"))


@pytest.mark.parametrize(("name", "place"), ALLOWED)
def test_no_exception_outlives_its_reason(name, place):
    source = next(source for source in sources() if source.name == name)
    assert any(is_or_is_inside(imported, place) for imported in source.imports())
