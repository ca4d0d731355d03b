"""htmx: whether a request wants a fragment or a page, and the responses htmx understands."""

import json
from typing import Any

from flask import Response, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse


def wants_piece() -> bool:
    """An htmx request that swaps a part of the page; not one that restores a whole page."""
    headers = request.headers
    return (
        headers.get("HX-Request") == "true"
        and headers.get("HX-History-Restore-Request") != "true"
        and headers.get("HX-Boosted") != "true"
    )


def page_or_piece(page: str, piece: str, status: int = 200, **context: Any) -> Response:
    """Renders the fragment for htmx and the whole page otherwise."""
    template = piece if wants_piece() else page
    return make_response(render_template(template, **context), status)


def go_to(url: str) -> AnyResponse:
    """Redirects after a form: 303, or an HX-Redirect header for htmx."""
    if wants_piece():
        response = make_response("", 204)
        response.headers["HX-Redirect"] = url
        return response
    return redirect(url, 303)


def toast(response: Response, kind: str, text: str) -> Response:
    """Adds a toast message to an htmx response."""
    response.headers["HX-Trigger"] = json.dumps({"toast": {"kind": kind, "text": text}})
    return response
