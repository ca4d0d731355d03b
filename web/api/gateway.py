"""The gateway API: called with a gateway token, in OpenAI's and Anthropic's formats."""

from typing import Any

from flask import Blueprint, Response, g, jsonify, request

from core.gateway import calls, models_endpoint, serving
from core.gateway.access import Caller
from core.gateway.error_replies import Reply
from core.ids import new_id
from core.providers.formats import errors
from web.guards import gateway_token

LARGEST_BODY_BYTES = 32 * 1024 * 1024

api = Blueprint("gateway_api", __name__, url_prefix="/v1")


@api.post("/chat/completions")
@gateway_token
def chat_completions(caller: Caller) -> Response:
    return _serve(caller, "chat")


@api.post("/responses")
@gateway_token
def responses(caller: Caller) -> Response:
    return _serve(caller, "responses")


@api.post("/messages")
@gateway_token
def messages(caller: Caller) -> Response:
    return _serve(caller, "messages")


@api.post("/messages/count_tokens")
@gateway_token
def count_tokens(caller: Caller) -> Response:
    return _serve(caller, "count_tokens")


@api.post("/completions")
@gateway_token
def completions(caller: Caller) -> Response:
    return _serve(caller, "completions")


@api.post("/fim/completions")
@gateway_token
def fim_completions(caller: Caller) -> Response:
    return _serve(caller, "fim")


@api.post("/embeddings")
@gateway_token
def embeddings(caller: Caller) -> Response:
    return _serve(caller, "embeddings")


@api.get("/models")
@gateway_token
def list_models(caller: Caller) -> Response:
    """The models this workspace can use now, in a shape that both SDKs read."""
    rows = [_model_row(model) for model in models_endpoint.models_for(caller)]
    ends = {"first_id": rows[0]["id"], "last_id": rows[-1]["id"]} if rows else {}
    return jsonify({"object": "list", "data": rows, "has_more": False, **ends})


@api.get("/models/<path:model_id>")
@gateway_token
def show_model(caller: Caller, model_id: str) -> Response:
    return jsonify(_model_row(models_endpoint.model_for(caller, model_id)))


@api.get("/route")
@gateway_token
def show_route(caller: Caller) -> Response:
    """Explains which key would serve a model, without sending a request."""
    model, route = request.args.get("model", ""), request.args.get("format", "chat")
    return jsonify(models_endpoint.explain(caller, model, route))


PATHS = {
    "/v1/chat/completions": "chat",
    "/v1/responses": "responses",
    "/v1/messages": "messages",
    "/v1/messages/count_tokens": "count_tokens",
    "/v1/completions": "completions",
    "/v1/fim/completions": "fim",
    "/v1/embeddings": "embeddings",
}
"""The request format of each POST endpoint."""


def requested_format() -> str:
    """The API format of this request; "" outside the gateway."""
    return PATHS.get(request.path, "chat") if request.blueprint == api.name else ""


def refusal(route: str, status: int, code: str, message: str) -> Response:
    """One of our errors in the shape the client's SDK expects. Invalid input is 400 there, not 422."""
    status = 400 if status == 422 else status
    response = jsonify(
        errors.body(route, status, code, message, {"request_id": g.get("request_id", "")})
    )
    response.status_code = status
    return response


def _serve(caller: Caller, route: str) -> Response:
    g.request_id = new_id("req")
    request.max_content_length = LARGEST_BODY_BYTES
    headers = {name.lower(): text for name, text in request.headers.items()}
    beta = request.args.get("beta") == "true"
    call = calls.read(route, request.get_data(cache=False), headers, beta)
    return _response(serving.serve(caller, call, g.request_id))


def _response(reply: Reply) -> Response:
    response = Response(reply.body, reply.status, direct_passthrough=True)
    response.headers.clear()
    for name, text in stream_headers(reply).items():
        response.headers[name] = text
    return response


def stream_headers(reply: Reply) -> dict[str, str]:
    """The reply's headers, plus those that stop proxies from buffering a stream."""
    if isinstance(reply.body, bytes):
        return reply.headers | {"content-length": str(len(reply.body))}
    return reply.headers | {"cache-control": "no-cache, no-transform", "x-accel-buffering": "no"}


def _model_row(model: models_endpoint.Listed) -> dict[str, Any]:
    return {
        "id": model.id,
        "object": "model",
        "type": "model",
        "display_name": model.name,
        "created": 0,
        "created_at": "1970-01-01T00:00:00Z",
        "owned_by": model.providers[0],
        "providers": list(model.providers),
    }
