"""One application for all tests of a process: a test gets it on its own settings and database.

Building one takes longer than most tests. What a test can change in it is put back before the next one;
a test that changes more (adds a route, say) is marked `own_app`.
"""

from dataclasses import dataclass
from typing import Any

from flask import Flask
from sqlalchemy import make_url

from app import configure_core, create_app
from core import db
from core.gateway import workspace_keys
from core.settings import Settings
from tests.browser import IsolatedClient
from web import registration


@dataclass
class _Shared:
    """The application, and what it was like when it was built."""

    app: Flask
    built_from: tuple[Any, ...]
    config: dict[str, Any]
    views: dict[str, Any]
    context_processors: list[Any]
    wsgi_app: Any

    def use(self, chosen: Settings) -> Flask:
        """The same application as `create_app(chosen)` would make."""
        configure_core(chosen)
        wanted = self.config | registration.config(chosen) | {"TESTING": True}
        self.app.config.update(wanted)
        for name in self.app.config.keys() - wanted.keys():
            del self.app.config[name]
        self.app.view_functions = dict(self.views)
        self.app.template_context_processors[None][:] = self.context_processors
        workspace_keys._cache.clear()  # the cast's workspace has the same id in every test
        self.app.wsgi_app = self.wsgi_app  # type: ignore[method-assign]
        _use_database(self.app, chosen.database_address)
        return self.app


_shared: _Shared | None = None


def application(chosen: Settings) -> Flask:
    """The application on these settings. It is built anew when another one was built meanwhile."""
    global _shared
    last = db._app
    if _shared is None or last is not _shared.app or _shared.built_from != _parts(chosen):
        _shared = _build(chosen)
    return _shared.use(chosen)


def forget() -> None:
    """The next test builds another one."""
    global _shared
    _shared = None


def _build(chosen: Settings) -> _Shared:
    app = create_app(chosen)
    app.test_client_class = IsolatedClient
    return _Shared(
        app,
        _parts(chosen),
        dict(app.config),
        dict(app.view_functions),
        list(app.template_context_processors[None]),
        app.wsgi_app,
    )


def _parts(chosen: Settings) -> tuple[Any, ...]:
    """The settings that an application cannot change after it was built."""
    return chosen.redis_address, chosen.sign_in_limit, chosen.trusted_proxies


def _use_database(app: Flask, address: str) -> None:
    """An engine of its own for each test, made as Flask-SQLAlchemy makes it."""
    options = {"url": make_url(address), **db.engine_options(address)}
    db.db._app_engines[app][None] = db.db._make_engine(None, options, app)
