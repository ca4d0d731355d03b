"""Security headers on every response, and CSRF protection for browser requests."""

from flask import Blueprint, Flask, Response, request
from flask_wtf import CSRFProtect

CONTENT_POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)

HTTPS_ONLY = "max-age=31536000"
"""For a year, browsers use https for this host alone: other hosts of the domain are not ours."""

_csrf = CSRFProtect()


def register(app: Flask, address: str) -> None:
    """`address`: the deployment's own, as browsers reach it."""
    _csrf.init_app(app)
    app.after_request(_add_headers)
    if address.startswith("https://"):
        app.after_request(_keep_to_https)


def exempt_from_csrf(blueprint: Blueprint) -> None:
    """For APIs called with a bearer token: they ignore cookies, so CSRF isn't possible there."""
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


def _keep_to_https(response: Response) -> Response:
    response.headers.setdefault("Strict-Transport-Security", HTTPS_ONLY)
    return response
