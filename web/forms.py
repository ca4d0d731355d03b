"""Query and form parsing: every field arrives as text that the database can store.

Only views marked with `takes_files` accept uploads, and only up to a size.
"""

from collections.abc import Callable
from typing import Any

import flask
from flask_login import current_user
from flask_wtf import FlaskForm
from werkzeug.datastructures import FileStorage, ImmutableMultiDict
from werkzeug.routing import BaseConverter

from core.text import fit

_PIECE = 64 * 1024
_READ_PAST_BYTES = 256 * 1024 * 1024


class Parameters(ImmutableMultiDict[str, str]):
    """The fields of a query or form, cleaned for storage. Files are left out."""

    def __init__(self, pairs: Any = ()) -> None:
        super().__init__([(name, fit(text)) for name, text in pairs if isinstance(text, str)])


class ParametersAndFiles(ImmutableMultiDict[str, Any]):
    """The same for the few forms that accept files."""

    def __init__(self, pairs: Any = ()) -> None:
        super().__init__(
            (name, value if isinstance(value, FileStorage) else fit(str(value)))
            for name, value in pairs
        )


class Request(flask.Request):
    parameter_storage_class = Parameters

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.query_string = self.query_string.decode(errors="replace").encode()


class Segment(BaseConverter):
    """A path segment without NUL bytes: a path that contains one is not found."""

    regex = r"[^/\x00]+"
    part_isolating = True


class Form(FlaskForm):
    """A form filled from form fields only; Flask-WTF would also accept JSON."""

    class Meta(FlaskForm.Meta):
        def wrap_formdata(self, form: FlaskForm, _formdata: Any) -> Any:
            return flask.request.form if form.is_submitted() else None


def register(app: flask.Flask) -> None:
    app.request_class = Request
    app.url_map.converters.update(default=Segment, string=Segment)
    app.before_request(_accept_files)


def takes_files(limit_bytes: int) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """For a view whose form uploads files: accepts up to this many bytes in total."""

    def mark(view: Callable[..., Any]) -> Callable[..., Any]:
        view.upload_limit_bytes = limit_bytes  # type: ignore[attr-defined]
        return view

    return mark


def read_past_upload() -> None:
    """Reads and discards an upload that is too large: browsers show no error page if cut off."""
    if not _upload_limit_bytes():
        return
    body, left = flask.request.environ["wsgi.input"], flask.request.content_length or 0
    left = min(left, _READ_PAST_BYTES)
    while left > 0 and (piece := body.read(min(_PIECE, left))):
        left -= len(piece)


def _accept_files() -> None:
    if limit := _upload_limit_bytes():
        flask.request.max_content_length = limit
        flask.request.parameter_storage_class = ParametersAndFiles


def _upload_limit_bytes() -> int:
    """The limit for this request; 0 if the view takes no files or the person isn't signed in."""
    view = flask.current_app.view_functions.get(flask.request.endpoint or "")
    limit = getattr(view, "upload_limit_bytes", 0) if flask.request.method == "POST" else 0
    return limit if limit and current_user.is_authenticated else 0
