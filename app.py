"""The only place where the parts are chosen and joined."""

import sys

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

import core.accounts.audit  # noqa: F401  (each of these brings its tables)
import core.accounts.models  # noqa: F401
import core.bots.models  # noqa: F401
import core.gateway.models  # noqa: F401
import core.keys.models  # noqa: F401
import core.knowledge.models  # noqa: F401
import core.outbox.models  # noqa: F401
import core.secrets.deployment_secrets  # noqa: F401
import core.usage.models  # noqa: F401
import core.webhooks.models  # noqa: F401
from core import db, log, queue, settings
from core.bots import bots
from core.errors import SettingsError
from core.gateway import platform_keys
from core.keys import notices
from core.knowledge import memory, sources
from core.outbox import emails, sending
from core.providers import endpoints
from core.secrets import vault
from core.webhooks import calls as webhook_calls
from core.webhooks import endpoints as webhook_endpoints
from core.webhooks.models import WEBHOOK
from web import registration
from web.api.gateway_fast_path import FastPath
from web.cli import migrations


def create_app(chosen: settings.Settings | None = None) -> Flask:
    """The application on the given settings, or on those of the environment."""
    chosen = chosen or _settings_or_exit()
    log.configure(chosen.log_level)
    vault.configure([key.get_secret_value() for key in chosen.encryption_keys])
    queue.configure(chosen.redis_address)
    endpoints.configure(chosen)
    platform_keys.configure(chosen)
    emails.configure(chosen)
    webhook_endpoints.configure(chosen)
    sending.register(WEBHOOK, webhook_calls.send)
    notices.configure(bots.names_answering_through)
    sources.configure(bots.raise_version, chosen)
    memory.configure(chosen)
    app = Flask(__name__, static_folder="web/static", template_folder="templates")
    app.config.update(registration.config(chosen))
    app.config.update(
        SQLALCHEMY_DATABASE_URI=chosen.database_address,
        SQLALCHEMY_ENGINE_OPTIONS=db.engine_options(chosen.database_address),
    )
    chosen.data_dir.mkdir(parents=True, exist_ok=True)
    db.db.init_app(app)
    db.bind(app)
    migrations.register(app)
    registration.register(app, chosen)
    app.wsgi_app = FastPath(app, app.wsgi_app)  # type: ignore[method-assign]
    if chosen.trusted_proxies:
        hops = chosen.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=0)  # type: ignore[method-assign]
    return app


def _settings_or_exit() -> settings.Settings:
    """An operator's mistake is one sentence, not a traceback."""
    try:
        return settings.read()
    except SettingsError as error:
        sys.exit(error.message)
