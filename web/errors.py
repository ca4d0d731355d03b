"""Maps errors to HTTP statuses and renders them in the format the client expects."""

import traceback
from contextlib import suppress

from flask import (
    Flask,
    Response,
    current_app,
    g,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_login import current_user
from flask_wtf.csrf import CSRFError
from gunicorn.http.errors import NoMoreData, ParseException
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from core import errors
from core.accounts import workspaces
from core.log import logger
from web.api import gateway
from web.forms import read_past_upload
from web.htmx import wants_piece

STATUS = {
    errors.Invalid: 422,
    errors.NotSignedIn: 401,
    errors.BadToken: 401,
    errors.NotAllowed: 403,
    errors.PlanDoesNotAllow: 403,
    errors.OriginNotAllowed: 403,
    errors.BotOff: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.Unreadable: 409,
    errors.TooLarge: 413,
    errors.TooMany: 429,
    errors.Busy: 503,
}

_HTTP = {
    400: (
        "bad_request",
        "The request couldn’t be read. If it has a body, check that it’s valid JSON.",
    ),
    404: ("not_found", "There’s nothing at this address."),
    405: ("method_not_allowed", "This address doesn’t support that method."),
    413: ("too_large", "The request is too large."),
    415: ("unsupported_media_type", "Send JSON, with the header Content-Type: application/json."),
    429: ("too_many_requests", "Too many requests. Try again in a minute."),
}
_CSRF = "This page has expired, or cookies are blocked. Reload and try again."
_UNEXPECTED = (
    "Something went wrong on our end. Nothing was changed; the server’s log has the details."
)
_BAD_BODY = (
    "The request’s body is cut off, or isn’t encoded the way its headers say. Send it again."
)
_DATABASE_DOWN = "The database is unavailable. Nothing was changed; try again in a minute."
_TITLES = {
    400: "Invalid request",
    401: "Sign in to continue",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    409: "Someone else changed this",
    413: "Too large",
    422: "Invalid input",
    429: "Too many requests",
    503: "Temporarily busy",
}

_OUR_FAULT = (500, 503)
_MIN_WORKSPACE_PATH_PARTS = 4
_HOME = (("Go to Home", "home.show"),)
_NEXT_STEPS = {
    403: (("See who the owners are", "people.index"), *_HOME),
    404: (("Search", "search.index"), *_HOME),
}
"""Links offered on an error page inside a workspace, by status: label and view."""

log = logger("web")


def register(app: Flask) -> None:
    app.register_error_handler(errors.MevichatError, _handle_known)
    app.register_error_handler(CSRFError, _handle_csrf)
    app.register_error_handler(HTTPException, _handle_http)
    for malformed in (ParseException, NoMoreData):
        app.register_error_handler(malformed, _handle_malformed_body)
    app.register_error_handler(OperationalError, _database_down)
    app.register_error_handler(Exception, _handle_unexpected)


def status_of(error: errors.MevichatError) -> int:
    """The HTTP status for one of our errors; 500 for a class without one."""
    return next((STATUS[cause] for cause in type(error).__mro__ if cause in STATUS), 500)


def _handle_known(error: errors.MevichatError) -> AnyResponse:
    if isinstance(error, errors.NotSignedIn) and _is_page():
        return redirect(url_for("auth.sign_in", next=_current_url() or None), 303)
    response = answer(status_of(error), error.code, error.message)
    if isinstance(error, errors.TooMany):
        response.headers["Retry-After"] = str(error.retry_after_seconds)
    return response


def _handle_csrf(_error: CSRFError) -> AnyResponse:
    return answer(400, "csrf", _CSRF)


def _handle_http(error: HTTPException) -> AnyResponse:
    status = error.code or 500
    if 300 <= status < 400:
        return error.get_response()
    code, message = _HTTP.get(status, ("error", str(error.description or _UNEXPECTED)))
    if status == 413:
        message = _too_large()
    response = answer(status, code, message)
    response.headers.extend(
        {name: value for name, value in error.get_headers() if name in ("Allow", "Retry-After")}
    )
    return response


def _too_large() -> str:
    """Names the limit of this address, after reading the rest of the upload so the browser shows it."""
    read_past_upload()
    most = (request.max_content_length or 0) // 1024
    limit = f"{most} kB" if most < 1024 else f"{most // 1024} MB"
    return f"The request is too large. The limit is {limit} in total. Nothing was saved."


def _handle_malformed_body(_error: Exception) -> AnyResponse:
    """Raised by gunicorn wherever a view reads a chunked body; the connection is closed after it."""
    return answer(400, "bad_request", _BAD_BODY)


def _database_down(error: OperationalError) -> AnyResponse:
    log.error("database_away", error=str(error.orig))
    return answer(503, errors.Busy.code, _DATABASE_DOWN)


def _handle_unexpected(error: Exception) -> AnyResponse:
    """Logs code locations only: a traceback with values could contain a secret."""
    frames = traceback.extract_tb(error.__traceback__)
    places = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
    log.error("unexpected", error=type(error).__name__, places=places[-12:])
    if current_app.testing:
        raise error
    return answer(500, "internal", _UNEXPECTED)


def answer(status: int, code: str, message: str) -> Response:
    """Renders an error: JSON for API clients, plain text for htmx, a page for browsers."""
    if route := gateway.requested_format():
        return gateway.refusal(route, status, code, message)
    if _is_api_request():
        response = jsonify(error={"code": code, "message": message})
    elif wants_piece():
        response = make_response(message)
        response.headers["HX-Reswap"] = "none"
        response.headers["Content-Type"] = "text/plain; charset=utf-8"
    else:
        response = make_response(_page(status, message))
    response.status_code = status
    if status == 503:
        response.headers["Retry-After"] = "5"
        if request.method == "GET" and _is_page():
            response.headers["Refresh"] = (
                "5"  # the browser reloads the page, with or without scripts
            )
    return response


def _page(status: int, message: str) -> str:
    """Inside the workspace's layout where possible, otherwise on a plain page."""
    if status not in _OUR_FAULT and _in_a_workspace():
        with suppress(Exception):
            return _render("layouts/console.html", status, message, _NEXT_STEPS.get(status, _HOME))
    g.stands_alone = True  # query nothing: the database may be what failed
    return _render("layouts/plain.html", status, message, ())


def _in_a_workspace() -> bool:
    """Whether the current person is a member of the workspace in the path, even if no view matches it."""
    if g.get("membership"):
        return True
    parts = request.path.split("/")
    if len(parts) < _MIN_WORKSPACE_PATH_PARTS or parts[1] != "w" or g.get("stands_alone"):
        return False
    with suppress(Exception):
        g.membership = workspaces.membership(current_user.person.id, parts[2])
        return True
    return False


def _render(layout: str, status: int, message: str, links: tuple[tuple[str, str], ...]) -> str:
    return render_template(
        "errors/error.html",
        layout=layout,
        status=status,
        title=_TITLES.get(status, "Something went wrong"),
        text=message,
        links=links,
        request_id=g.get("request_id", ""),
    )


def _is_page() -> bool:
    return not _is_api_request() and not wants_piece()


def _is_api_request() -> bool:
    return request.path.startswith("/v1/") or request.path in ("/healthz", "/readyz")


def _current_url() -> str:
    return request.full_path.rstrip("?") if request.method == "GET" else ""
