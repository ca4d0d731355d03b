"""How often an address may try to sign in or up. Redis away: counted in this process's memory."""

from flask import Flask
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

from core.settings import Settings

limiter = Limiter(get_remote_address, headers_enabled=True, swallow_errors=True)

_sign_in_limit = ""


def register(app: Flask, settings: Settings) -> None:
    global _sign_in_limit
    _sign_in_limit = settings.sign_in_limit
    app.config["RATELIMIT_STORAGE_URI"] = _storage(settings.redis_address)
    app.config["RATELIMIT_IN_MEMORY_FALLBACK_ENABLED"] = True
    limiter.init_app(app)


def sign_in_limit() -> str:
    return _sign_in_limit


def _storage(address: str) -> str:
    """The limiter's name for a socket address: `redis+unix://`."""
    return f"redis+{address}" if address.startswith("unix://") else address
