"""The sign-in rate limit per IP address. Without Redis, each process counts in memory."""

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
    """The configured rate limit, such as "10 per minute"."""
    return _sign_in_limit


def _storage(address: str) -> str:
    """The storage URI that the limiter expects: `redis+unix://` for a socket."""
    return f"redis+{address}" if address.startswith("unix://") else address
