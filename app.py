"""The application factory: the only place that wires core and web together."""

import sys

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

import core.accounts.audit  # noqa: F401  (these imports register the tables)
import core.accounts.models  # noqa: F401
import core.bots.models  # noqa: F401
import core.gateway.models  # noqa: F401
import core.keys.models  # noqa: F401
import core.knowledge.models  # noqa: F401
import core.outbox.models  # noqa: F401
import core.secrets.deployment_secrets  # noqa: F401
import core.usage.models  # noqa: F401
import core.webhooks.models  # noqa: F401
from core import configuration, db, log, queue
from core.bots import bots
from core.errors import SettingsError
from core.gateway import platform_keys
from core.keys import notices
from core.knowledge import memory, sources
from core.outbox import emails, sending
from core.providers import endpoints
from core.providers.scrub import scrub
from core.secrets import vault
from core.settings import Settings
from core.webhooks import calls as webhook_calls
from core.webhooks import endpoints as webhook_endpoints
from core.webhooks.models import WEBHOOK
from web import registration
from web.api.gateway_fast_path import FastPath
from web.cli import migrations


def create_app(chosen: Settings | None = None) -> Flask:
    """The application, with the given settings or those from the environment."""
    chosen = chosen or _settings_or_exit()
    configure_core(chosen)
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


def configure_core(chosen: Settings) -> None:
    """Configures the parts of core that need settings. The last call wins."""
    log.configure(chosen.log_level, scrub)
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


def _settings_or_exit() -> Settings:
    """Prints one sentence instead of a traceback if a setting is invalid."""
    try:
        return configuration.read()
    except SettingsError as error:
        sys.exit(error.message)
