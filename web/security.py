"""What every answer carries for safety: the content policy, and CSRF tokens on what browsers send."""

from flask import Blueprint, Flask, Response, request
from flask_wtf import CSRFProtect

CONTENT_POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)

_csrf = CSRFProtect()


def register(app: Flask) -> None:
    _csrf.init_app(app)
    app.after_request(_add_headers)


def exempt_from_csrf(blueprint: Blueprint) -> None:
    """For what is called with a bearer token: no cookie counts there, so none can be abused."""
    _csrf.exempt(blueprint)


def _add_headers(response: Response) -> Response:
    headers = response.headers
    headers.setdefault("Content-Security-Policy", CONTENT_POLICY)
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    if request.endpoint != "static":
        headers.setdefault("Cache-Control", "no-store")
        headers.add("Vary", "HX-Request")
    return response
