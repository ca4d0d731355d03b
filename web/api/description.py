"""The contents of `/openapi.json`: the gateway and the bot endpoint as plain data.

A test compares it with the application's routes. Fields that providers define themselves, such as
those of a chat, are listed only as far as the gateway reads them. Long on purpose: it is one list.
"""

from typing import Any

from core.bots.answers.turns import MAX_CLIENT_ID_LENGTH, MAX_TEXT_LENGTH
from core.gateway.calls import MAX_MODEL_LENGTH
from core.gateway.models_endpoint import ROUTES

Schema = dict[str, Any]

_TEXT: Schema = {"type": "string"}
_UNFIT = r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff"
"""What is never stored (`core.text`): control characters, noncharacters and halves of characters."""
_MODEL: Schema = _TEXT | {
    "minLength": 1,
    "maxLength": MAX_MODEL_LENGTH,
    "pattern": "^[!-~]*(?![^!-~])$",  # in Python, `$` alone would match before a final line break
    "examples": ["claude-haiku-4-5"],
}


def _object(required: list[str], **properties: Schema) -> Schema:
    return {"type": "object", "required": required, "properties": properties}


def _list(schema: str) -> Schema:
    return {"type": "array", "items": {"$ref": f"#/components/schemas/{schema}"}}


def _gateway_body(required: list[str], **properties: Schema) -> Schema:
    """A gateway request body. Other fields are passed on to the provider."""
    stream: Schema = {"type": ["boolean", "null"], "default": False}
    body = _object(["model", *required], model=_MODEL, stream=stream, **properties)
    return body | {"additionalProperties": True}


_MESSAGES: Schema = {"type": "array", "items": {"type": "object"}, "minItems": 1}
_ATTEMPTS: dict[str, Schema] = {
    "tried": {"type": "array", "items": {"type": "object"}},
    "not_tried": {"type": "array", "items": _object(["provider", "reason"])},
}
_FACTS = _object([], request_id=_TEXT, provider=_TEXT, attempts={"type": "array"})

SCHEMAS: dict[str, Schema] = {
    "ChatRequest": _gateway_body(["messages"], messages=_MESSAGES),
    "ResponsesRequest": _gateway_body(["input"], input={}),
    "MessagesRequest": _gateway_body(
        ["messages", "max_tokens"], messages=_MESSAGES, max_tokens={"type": "integer"}
    ),
    "CountTokensRequest": _gateway_body(["messages"], messages=_MESSAGES),
    "CompletionsRequest": _gateway_body(["prompt"], prompt={}),
    "FimRequest": _gateway_body(["prompt"], prompt=_TEXT, suffix=_TEXT),
    "EmbeddingsRequest": _gateway_body(["input"], input={}),
    "Answer": {
        "type": "object",
        "description": "The response in the provider format of this endpoint.",
    },
    "GatewayError": _object(
        ["error"],
        error=_object(
            ["message", "type", "code"], message=_TEXT, type=_TEXT, code={}, gateway=_FACTS
        ),
    ),
    "MessagesError": _object(
        ["type", "error"],
        type={"const": "error"},
        error=_object(["type", "message"], type=_TEXT, message=_TEXT),
        request_id={"type": ["string", "null"]},
        gateway=_FACTS,
    ),
    "Model": _object(
        ["id", "object", "display_name", "owned_by", "providers"],
        id=_TEXT,
        object={"const": "model"},
        display_name=_TEXT,
        owned_by=_TEXT,
        providers={"type": "array", "items": _TEXT},
    ),
    "ModelList": _object(
        ["object", "data", "has_more"], object={"const": "list"}, data=_list("Model")
    ),
    "Route": _object(
        ["model", "format", "tried", "not_tried", "refusal"],
        model=_TEXT,
        format=_TEXT,
        **_ATTEMPTS,
        refusal=_TEXT | {"description": "Why no provider would be called; empty if one would be."},
    ),
    "Error": _object(["error"], error=_object(["code", "message"], code=_TEXT, message=_TEXT)),
    "Conversation": _object(
        ["conversation_id", "visitor_token", "expires_at"],
        conversation_id=_TEXT,
        visitor_token=_TEXT,
        expires_at=_TEXT | {"format": "date-time"},
    ),
    "NewMessage": _object(
        ["text"],
        text=_TEXT
        | {
            "minLength": 1,
            "maxLength": MAX_TEXT_LENGTH,
            "pattern": rf"[^\s\x1c-\x1f{_UNFIT}]",
            "description": "At least one character that shows. Control characters are removed.",
        },
        client_message_id={
            "type": ["string", "null"],
            "minLength": 1,
            "maxLength": MAX_CLIENT_ID_LENGTH,
            "pattern": f"^[^{_UNFIT}]*$",
            "description": "Idempotency key: the same id is the same message.",
        },
    ),
    "BotAnswer": _object(
        ["message_id", "status", "text", "sources", "usage"],
        message_id=_TEXT,
        status=_TEXT,
        text=_TEXT,
        sources={"type": "array"},
        usage={"type": ["object", "null"]},
    ),
    "Message": _object(
        ["id", "role", "text", "status", "failure", "sources", "created_at"],
        id=_TEXT,
        role=_TEXT,
        text=_TEXT,
        status=_TEXT,
        failure=_TEXT
        | {"description": "An error code if the answer failed or was stopped; otherwise empty."},
        sources={"type": "array"},
        created_at=_TEXT | {"format": "date-time"},
    ),
    "Messages": _object(
        ["conversation_id", "messages"], conversation_id=_TEXT, messages=_list("Message")
    ),
    "Thumb": _object(["thumb"], thumb={"enum": [-1, 0, 1]}),
    "GivenThumb": _object(["message_id", "thumb"], message_id=_TEXT, thumb={"enum": [-1, 0, 1]}),
}

ERRORS: dict[int | str, str] = {
    400: "The body isn’t a JSON object, a field is invalid, or the provider rejected the request.",
    401: "The token is missing, unknown, revoked, expired or for a different resource.",
    402: "No key in the workspace serves the model, and the balance doesn’t cover the request.",
    403: "The bot is disabled, or this site isn’t one of its allowed sites.",
    404: "Not found.",
    409: "Someone else changed this.",
    413: "The request body is too large.",
    422: "A field is invalid. The message says what to send.",
    429: "A rate limit was reached. `Retry-After` says when to try again.",
    502: "Every key that serves the model failed. The error lists the attempts.",
    503: "Temporarily unavailable, or the answer failed; the body has the partial answer, if any.",
    "default": "An error from the provider, passed on with its status.",
}

_SERVING = (400, 401, 402, 404, 413, 502, 503, "default")
_VISITOR = (401, 403, 404, 503)

Operation = tuple[str, str, str, str, str, str, tuple[int | str, ...]]
OPERATIONS: tuple[Operation, ...] = (
    (
        *(
            "post",
            "/v1/chat/completions",
            "chat_completions",
            "Creates a chat completion in OpenAI’s format.",
        ),
        *("ChatRequest", "200 Answer stream", _SERVING),
    ),
    (
        *("post", "/v1/responses", "responses", "Creates a response in OpenAI’s Responses format."),
        *("ResponsesRequest", "200 Answer stream", _SERVING),
    ),
    (
        *("post", "/v1/messages", "messages", "Creates a message in Anthropic’s format."),
        *("MessagesRequest", "200 Answer stream", _SERVING),
    ),
    (
        *("post", "/v1/messages/count_tokens", "count_tokens", "Counts the tokens of a request."),
        *("CountTokensRequest", "200 Answer", _SERVING),
    ),
    (
        *("post", "/v1/completions", "completions", "Completes a prompt."),
        *("CompletionsRequest", "200 Answer stream", _SERVING),
    ),
    (
        *(
            "post",
            "/v1/fim/completions",
            "fim_completions",
            "Fills in the text between a prompt and a suffix.",
        ),
        *("FimRequest", "200 Answer stream", _SERVING),
    ),
    (
        *("post", "/v1/embeddings", "embeddings", "Creates embeddings."),
        *("EmbeddingsRequest", "200 Answer", _SERVING),
    ),
    (
        *("get", "/v1/models", "list_models", "Lists the models this workspace can use now."),
        *("", "200 ModelList", (401, 503)),
    ),
    (
        *("get", "/v1/models/{model_id}", "show_model", "Returns one model."),
        *("", "200 Model", (401, 404, 503)),
    ),
    (
        *(
            "get",
            "/v1/route",
            "show_route",
            "Shows which key would serve a model. No request is sent.",
        ),
        *("", "200 Route", (400, 401, 503)),
    ),
    (
        *("post", "/v1/bots/{bot_id}/conversations", "open_conversation", "Opens a conversation."),
        *("", "201 Conversation", (403, 404, 429, 503)),
    ),
    (
        *(
            "post",
            "/v1/bots/{bot_id}/messages",
            "post_message",
            "Sends a message and gets the answer.",
        ),
        *("NewMessage", "200 BotAnswer stream", (400, *_VISITOR, 409, 413, 422, 429)),
    ),
    (
        *("get", "/v1/bots/{bot_id}/messages", "list_messages", "Returns the conversation so far."),
        *("", "200 Messages", _VISITOR),
    ),
    (
        *("get", "/v1/bots/{bot_id}/messages/{message_id}/events", "message_events"),
        *(
            "Replays the answer’s events after `Last-Event-ID`, then streams live.",
            "",
            "200 stream",
            _VISITOR,
        ),
    ),
    (
        *("post", "/v1/bots/{bot_id}/messages/{message_id}/retry", "retry_message"),
        "Retries a message that wasn’t answered.",
        *("", "200 BotAnswer stream", (*_VISITOR, 409, 429)),
    ),
    (
        *("post", "/v1/bots/{bot_id}/messages/{message_id}/stop", "stop_message"),
        *("Stops an answer while it is being written.", "", "200 BotAnswer", _VISITOR),
    ),
    (
        *("post", "/v1/bots/{bot_id}/messages/{message_id}/feedback", "give_feedback"),
        *(
            "Rates an answer, or removes the rating.",
            "Thumb",
            "200 GivenThumb",
            (400, *_VISITOR, 409, 413, 422),
        ),
    ),
)
"""Method, path, id, summary, request schema, response (status, schema, whether it may stream), errors."""

QUERIES: dict[str, tuple[Schema, ...]] = {
    "show_route": (
        {
            "name": "model",
            "in": "query",
            "required": True,
            "schema": _TEXT | {"minLength": 1, "maxLength": MAX_MODEL_LENGTH},
        },
        {"name": "format", "in": "query", "schema": {"enum": list(ROUTES), "default": "chat"}},
    ),
    "messages": ({"name": "beta", "in": "query", "schema": {"type": "boolean"}},),
    "message_events": ({"name": "Last-Event-ID", "in": "header", "schema": _TEXT},),
}

SECURITY: dict[str, Schema] = {
    "gateway_token": {"type": "http", "scheme": "bearer", "description": "A gateway token: mvg_…"},
    "gateway_token_as_key": {"type": "apiKey", "in": "header", "name": "x-api-key"},
    "visitor_token": {
        "type": "http",
        "scheme": "bearer",
        "description": "Valid for one conversation, for at most seven days.",
    },
}
