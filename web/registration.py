"""Joins every part of the web to the Flask application."""

from datetime import timedelta
from typing import Any

from flask import Flask

from core.settings import Settings
from web import errors, forms, guards, page_context, security
from web.api import bots, openapi
from web.api import gateway as gateway_api
from web.chat import appearance as chat_appearance
from web.chat import demo, pages, scripts, widget
from web.cli import audit, commands
from web.cli import gateway as gateway_commands
from web.console import BLUEPRINTS, attention, navigation
from web.people import account, auth, invitations, password_resets, sign_in_limits, two_factor
from web.server import health, request_log

LARGEST_BODY_BYTES = 256 * 1024
PAGES = (
    health.pages,
    openapi.pages,
    auth.pages,
    password_resets.pages,
    invitations.pages,
    account.pages,
    two_factor.pages,
    pages.pages,
    chat_appearance.pages,
    scripts.pages,
    widget.pages,
    demo.pages,
)


def config(settings: Settings) -> dict[str, Any]:
    """Flask's own configuration, from our settings."""
    secure = settings.production or settings.address.startswith("https://")
    return {
        "SECRET_KEY": settings.secret_key.get_secret_value(),
        "MEVICHAT": settings,
        "MAX_CONTENT_LENGTH": LARGEST_BODY_BYTES,
        "SESSION_COOKIE_NAME": "mevichat",
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SECURE": secure,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "PERMANENT_SESSION_LIFETIME": timedelta(days=30),
        "WTF_CSRF_TIME_LIMIT": None,
        "WTF_CSRF_SSL_STRICT": False,
    }


def register(app: Flask, settings: Settings) -> None:
    """Joins every part of the web to the application."""
    forms.register(app)
    request_log.register(app)
    security.register(app, settings.address)
    sign_in_limits.register(app, settings)
    guards.register(app)
    errors.register(app)
    page_context.register(app)
    attention.register(app)
    for blueprint in (*PAGES, bots.api, gateway_api.api, *BLUEPRINTS):
        app.register_blueprint(blueprint)
    navigation.register(app)
    security.exempt_from_csrf(bots.api)
    security.exempt_from_csrf(gateway_api.api)
    commands.register(app)
    audit.register(app)
    gateway_commands.register(app)
