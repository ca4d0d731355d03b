"""`/openapi.json`: the public API as an OpenAPI 3.1 document, built from `web.api.description`."""

import json
import re
from functools import cache
from typing import Any

from flask import Blueprint, Response, current_app, request

from web.api.description import ERRORS, OPERATIONS, QUERIES, SCHEMAS, SECURITY, Operation
from web.guards import public

pages = Blueprint("openapi", __name__)

CACHE_SECONDS = 300
_ABOUT = (
    "Two interfaces: the gateway, which coding agents and SDKs call with a gateway token in OpenAI’s or "
    "Anthropic’s format, and the bot endpoint, which widgets and other clients call with a visitor token."
)
_ANTHROPIC = ("messages", "count_tokens")
_BOT_PATHS = "/v1/bots/"


@pages.get("/openapi.json")
@public
def show() -> Response:
    """The same document for everyone, readable from any site and cached for five minutes."""
    response = Response(_text(current_app.config["MEVICHAT"].address), mimetype="application/json")
    response.headers["Cache-Control"] = f"public, max-age={CACHE_SECONDS}"
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.add_etag()
    response.make_conditional(request)
    return response


@cache
def _text(address: str) -> str:
    return json.dumps(document(address), ensure_ascii=False, separators=(",", ":"))


def document(address: str) -> dict[str, Any]:
    """The OpenAPI document. `address` is the base URL of this deployment."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        method, path, *_ = operation
        paths.setdefault(path, {})[method] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Mevichat", "version": "1", "description": _ABOUT},
        "servers": [{"url": address}],
        "paths": paths,
        "components": {"schemas": SCHEMAS, "securitySchemes": SECURITY},
    }


def _operation(operation: Operation) -> dict[str, Any]:
    _, path, name, summary, body, response, errors = operation
    status, *schemas = response.split()
    error = _json(_error(path, name))
    failures = {str(code): {"description": ERRORS[code], "content": error} for code in errors}
    described: dict[str, Any] = {
        "operationId": name,
        "tags": ["Bots" if path.startswith(_BOT_PATHS) else "Gateway"],
        "summary": summary,
        "parameters": [*_path_parameters(path), *QUERIES.get(name, ())],
        "responses": {status: {"description": summary, "content": _content(schemas)}} | failures,
        "security": _security(path, name),
    }
    return described | ({"requestBody": {"required": True, "content": _json(body)}} if body else {})


def _path_parameters(path: str) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"{(\w+)}", path)
    ]


def _content(schemas: list[str]) -> dict[str, Any]:
    """JSON with that schema, a stream of events, or either one as the client asks."""
    stream = {"text/event-stream": {"schema": {"type": "string"}}}
    streamed: dict[str, Any] = stream if "stream" in schemas else {}
    return _json(schemas[0]) | streamed if schemas[0] != "stream" else streamed


def _error(path: str, name: str) -> str:
    if path.startswith(_BOT_PATHS):
        return "Error"
    return "MessagesError" if name in _ANTHROPIC else "GatewayError"


def _security(path: str, name: str) -> list[dict[str, list[str]]]:
    if not path.startswith(_BOT_PATHS):
        return [{"gateway_token": []}, {"gateway_token_as_key": []}]
    return [] if name == "open_conversation" else [{"visitor_token": []}]


def _json(schema: str) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
