"""`/openapi.json`: what programs may call, by OpenAPI 3.1, put together from `web.api.description`."""

import json
import re
from functools import cache
from typing import Any

from flask import Blueprint, Response, current_app, request

from web.api.description import OPERATIONS, QUERIES, SCHEMAS, SECURITY, WHY, Operation
from web.guards import public

pages = Blueprint("openapi", __name__)

FRESH_SECONDS = 300
_ABOUT = (
    "Two interfaces: the gateway, which coding agents and SDKs call with a gateway token in OpenAI’s or "
    "Anthropic’s format, and the bot endpoint, which widgets and programs call with a visitor’s token."
)
_ANTHROPIC = ("messages", "count_tokens")
_BY_VISITORS = "/v1/bots/"


@pages.get("/openapi.json")
@public
def show() -> Response:
    """The same for everybody, readable from any site, and kept for some minutes."""
    response = Response(_text(current_app.config["MEVICHAT"].address), mimetype="application/json")
    response.headers["Cache-Control"] = f"public, max-age={FRESH_SECONDS}"
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.add_etag()
    response.make_conditional(request)
    return response


@cache
def _text(address: str) -> str:
    return json.dumps(document(address), ensure_ascii=False, separators=(",", ":"))


def document(address: str) -> dict[str, Any]:
    """`address` is where this deployment is found."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        method, path, *_ = operation
        paths.setdefault(path, {})[method] = _described(operation)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Mevichat", "version": "1", "description": _ABOUT},
        "servers": [{"url": address}],
        "paths": paths,
        "components": {"schemas": SCHEMAS, "securitySchemes": SECURITY},
    }


def _described(operation: Operation) -> dict[str, Any]:
    _, path, name, summary, body, answer, refusals = operation
    status, *shapes = answer.split()
    error = _json(_error(path, name))
    refused = {str(why): {"description": WHY[why], "content": error} for why in refusals}
    told: dict[str, Any] = {
        "operationId": name,
        "tags": ["Bots" if path.startswith(_BY_VISITORS) else "Gateway"],
        "summary": summary,
        "parameters": [*_arguments(path), *QUERIES.get(name, ())],
        "responses": {status: {"description": summary, "content": _content(shapes)}} | refused,
        "security": _security(path, name),
    }
    return told | ({"requestBody": {"required": True, "content": _json(body)}} if body else {})


def _arguments(path: str) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"{(\w+)}", path)
    ]


def _content(shapes: list[str]) -> dict[str, Any]:
    """JSON of that shape, a stream of events, or either as the caller asks for it."""
    stream = {"text/event-stream": {"schema": {"type": "string"}}}
    found: dict[str, Any] = stream if "stream" in shapes else {}
    return _json(shapes[0]) | found if shapes[0] != "stream" else found


def _error(path: str, name: str) -> str:
    if path.startswith(_BY_VISITORS):
        return "Error"
    return "MessagesError" if name in _ANTHROPIC else "GatewayError"


def _security(path: str, name: str) -> list[dict[str, list[str]]]:
    if not path.startswith(_BY_VISITORS):
        return [{"gateway_token": []}, {"gateway_token_as_key": []}]
    return [] if name == "open_conversation" else [{"visitor_token": []}]


def _json(shape: str) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{shape}"}}}
