"""One log line per request, with a request id shared by every line logged while serving it."""

import re

import structlog
from flask import Flask, Response, g, request

from core import clock
from core.ids import new_id
from core.log import logger

_QUIET = {"static", "chat_scripts.script", "health.healthz", "health.readyz"}

log = logger("web")


def register(app: Flask) -> None:
    app.before_request(_begin)
    app.after_request(_finish)


def _begin() -> None:
    g.started = clock.monotonic()
    client_id = request.headers.get("X-Request-Id", "")
    g.request_id = client_id if re.fullmatch(r"[\w-]{8,64}", client_id) else new_id("req")
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=g.request_id)


def _finish(response: Response) -> Response:
    response.headers["X-Request-Id"] = g.get("request_id", "")
    if request.endpoint not in _QUIET:
        milliseconds = round((clock.monotonic() - g.get("started", clock.monotonic())) * 1000, 1)
        log.info(
            "request",
            method=request.method,
            path=request.path,
            status=response.status_code,
            milliseconds=milliseconds,
        )
    return response
