"""What browsers send: queries and forms as plain text, whatever was put into them."""

from typing import Any

import flask
from flask_wtf import FlaskForm
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.routing import BaseConverter

from core.text import fit


class Parameters(ImmutableMultiDict[str, str]):
    """The fields of a query or form, made fit to store. Files are left out: no form here takes one."""

    def __init__(self, pairs: Any = ()) -> None:
        super().__init__([(name, fit(text)) for name, text in pairs if isinstance(text, str)])


class Request(flask.Request):
    parameter_storage_class = Parameters

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.query_string = self.query_string.decode(errors="replace").encode()


class Segment(BaseConverter):
    """A part of an address. None of ours has a NUL in it: such an address leads nowhere."""

    regex = r"[^/\x00]+"
    part_isolating = True


class Form(FlaskForm):  # type: ignore[misc]
    """A form that is filled from fields alone: Flask-WTF would also take JSON."""

    class Meta(FlaskForm.Meta):  # type: ignore[misc]
        def wrap_formdata(self, form: FlaskForm, _formdata: Any) -> Any:
            return flask.request.form if form.is_submitted() else None


def register(app: flask.Flask) -> None:
    app.request_class = Request
    app.url_map.converters.update(default=Segment, string=Segment)
