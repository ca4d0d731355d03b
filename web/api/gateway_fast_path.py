"""A fast path for the gateway: valid requests bypass Flask, which would double their cost.

Any other request (no token, no JSON, too large, chunked) goes through Flask, which reports what is
wrong. Both paths end in `core.gateway.serving`.
"""

import io
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from flask import Flask

from core import clock
from core.errors import MevichatError
from core.gateway import access, calls, serving
from core.gateway.access import Caller
from core.gateway.calls import Call
from core.gateway.error_replies import Reply, internal
from core.ids import new_id
from core.log import logger
from web.api.gateway import LARGEST_BODY_BYTES, PATHS, stream_headers

Environ = dict[str, Any]
Application = Callable[[Environ, Any], Iterable[bytes]]

_HEADERS = [
    (name, f"HTTP_{name.upper().replace('-', '_')}")
    for name in (*access.HEADERS, *calls.PASSED_HEADERS)
]
"""The headers that the gateway reads, with their names in WSGI."""
_STATUS_LINES = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}

log = logger("web")


class FastPath:
    """WSGI middleware that answers valid gateway requests itself."""

    def __init__(self, app: Flask, inner: Application) -> None:
        self._app, self._inner = app, inner

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        route = PATHS.get(environ["PATH_INFO"]) if environ["REQUEST_METHOD"] == "POST" else None
        if route is None or not _has_length(environ):
            return self._inner(environ, start_response)
        started, request_id = clock.monotonic(), new_id("req")
        with self._app.app_context():
            call = self._read_call(environ, route)
            if call is None:
                return self._inner(environ, start_response)
            reply = _reply(*call, request_id)
        _log(environ, reply, request_id, started)
        headers = [*stream_headers(reply).items(), ("x-request-id", request_id)]
        start_response(_STATUS_LINES.get(reply.status, f"{reply.status} Error"), headers)
        return [reply.body] if isinstance(reply.body, bytes) else reply.body

    def _read_call(self, environ: Environ, route: str) -> tuple[Caller, Call] | None:
        """The caller and the call; None if either is invalid. Flask can still read the body."""
        headers = {name: environ[key] for name, key in _HEADERS if key in environ}
        try:
            caller = access.authenticate(
                access.presented_token(headers), self._app.config["SECRET_KEY"]
            )
        except MevichatError:
            return None
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        try:
            beta = environ.get("QUERY_STRING", "") == "beta=true"
            return caller, calls.read(route, body, headers, beta)
        except MevichatError:
            environ["wsgi.input"] = io.BytesIO(body)
            return None


def _has_length(environ: Environ) -> bool:
    length = environ.get("CONTENT_LENGTH", "")
    return length.isdecimal() and int(length) <= LARGEST_BODY_BYTES


def _reply(caller: Caller, call: Call, request_id: str) -> Reply:
    try:
        return serving.serve(caller, call, request_id)
    except Exception as error:
        log.error("unexpected", error=type(error).__name__, request_id=request_id)
        return internal(call.route, request_id)


def _log(environ: Environ, reply: Reply, request_id: str, started: float) -> None:
    log.info(
        "request",
        method="POST",
        path=environ["PATH_INFO"],
        status=reply.status,
        milliseconds=round((clock.monotonic() - started) * 1000, 1),
        request_id=request_id,
    )
