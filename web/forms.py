"""What browsers send: queries and forms as plain text, whatever was put into them.

Files are taken only by views that say so (`takes_files`), and there only up to a size.
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
    """The fields of a query or form, made fit to store. Files are left out."""

    def __init__(self, pairs: Any = ()) -> None:
        super().__init__([(name, fit(text)) for name, text in pairs if isinstance(text, str)])


class ParametersAndFiles(ImmutableMultiDict[str, Any]):
    """The same for the few forms that take files."""

    def __init__(self, pairs: Any = ()) -> None:
        super().__init__(
            (name, sent if isinstance(sent, FileStorage) else fit(str(sent)))
            for name, sent in pairs
        )


class Request(flask.Request):
    parameter_storage_class = Parameters

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.query_string = self.query_string.decode(errors="replace").encode()


class Segment(BaseConverter):
    """A part of an address. None of ours has a NUL in it: such an address leads nowhere."""

    regex = r"[^/\x00]+"
    part_isolating = True


class Form(FlaskForm):
    """A form that is filled from fields alone: Flask-WTF would also take JSON."""

    class Meta(FlaskForm.Meta):
        def wrap_formdata(self, form: FlaskForm, _formdata: Any) -> Any:
            return flask.request.form if form.is_submitted() else None


def register(app: flask.Flask) -> None:
    app.request_class = Request
    app.url_map.converters.update(default=Segment, string=Segment)
    app.before_request(_let_files_in)


def takes_files(most_bytes: int) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """For a view whose form has files: so many bytes may be sent to it in all."""

    def mark(view: Callable[..., Any]) -> Callable[..., Any]:
        view.most_upload_bytes = most_bytes  # type: ignore[attr-defined]
        return view

    return mark


def read_past_upload() -> None:
    """Takes in and forgets what is too large: a browser that is cut off shows no page of ours."""
    if not _most_upload_bytes():
        return
    body, left = flask.request.environ["wsgi.input"], flask.request.content_length or 0
    left = min(left, _READ_PAST_BYTES)
    while left > 0 and (piece := body.read(min(_PIECE, left))):
        left -= len(piece)


def _let_files_in() -> None:
    if most := _most_upload_bytes():
        flask.request.max_content_length = most
        flask.request.parameter_storage_class = ParametersAndFiles


def _most_upload_bytes() -> int:
    """For this request; 0 for what is no form with files, and for whoever is not signed in."""
    view = flask.current_app.view_functions.get(flask.request.endpoint or "")
    most = getattr(view, "most_upload_bytes", 0) if flask.request.method == "POST" else 0
    return most if most and current_user.is_authenticated else 0
