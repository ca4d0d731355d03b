"""What `/openapi.json` says: the gateway and the bot endpoint as plain data, true to what they do.

A test walks the application's addresses against it. What providers define themselves, such as the
fields of a chat, is told only as far as the gateway reads it. Past the wall: one list.
"""

from typing import Any

Schema = dict[str, Any]

_TEXT: Schema = {"type": "string"}
_COUNT: Schema = {"type": ["integer", "null"]}


def _object(required: list[str], **properties: Schema) -> Schema:
    return {"type": "object", "required": required, "properties": properties}


def _list(of: str) -> Schema:
    return {"type": "array", "items": {"$ref": f"#/components/schemas/{of}"}}


def _asked(required: list[str], **properties: Schema) -> Schema:
    """A body of the gateway: other fields go on to the provider."""
    told = {"model": _TEXT | {"maxLength": 200, "examples": ["claude-haiku-4-5"]}}
    stream = {"stream": {"type": "boolean", "default": False}}
    whole = _object(["model", *required], **told, **stream, **properties)
    return whole | {"additionalProperties": True}


_MESSAGES: Schema = {"type": "array", "items": {"type": "object"}, "minItems": 1}
_FACTS = _object([], request_id=_TEXT, provider=_TEXT, attempts={"type": "array"})

SCHEMAS: dict[str, Schema] = {
    "ChatRequest": _asked(["messages"], messages=_MESSAGES),
    "ResponsesRequest": _asked(["input"], input={}),
    "MessagesRequest": _asked(
        ["messages", "max_tokens"], messages=_MESSAGES, max_tokens={"type": "integer"}
    ),
    "CountTokensRequest": _asked(["messages"], messages=_MESSAGES),
    "CompletionsRequest": _asked(["prompt"], prompt={}),
    "FimRequest": _asked(["prompt"], prompt=_TEXT, suffix=_TEXT),
    "EmbeddingsRequest": _asked(["input"], input={}),
    "Answer": {
        "type": "object",
        "description": "In the format of the address, as its SDK reads it.",
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
        tried={"type": "array", "items": {"type": "object"}},
        not_tried={"type": "array", "items": _object(["provider", "reason"])},
        refusal=_TEXT | {"description": "Why nobody is asked; empty where somebody is."},
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
        text=_TEXT | {"minLength": 1, "maxLength": 8_000},
        client_message_id=_TEXT
        | {"minLength": 1, "maxLength": 64, "description": "Sent again, it is the same message."},
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
        failure=_TEXT | {"description": "Why an answer failed or ended, as a code; else empty."},
        sources={"type": "array"},
        created_at=_TEXT | {"format": "date-time"},
    ),
    "Messages": _object(
        ["conversation_id", "messages"], conversation_id=_TEXT, messages=_list("Message")
    ),
    "Thumb": _object(["thumb"], thumb={"enum": [-1, 0, 1]}),
    "GivenThumb": _object(["message_id", "thumb"], message_id=_TEXT, thumb={"enum": [-1, 0, 1]}),
}

WHY: dict[int | str, str] = {
    400: "The body is no JSON object, or a field of it cannot be used; or a provider said so.",
    401: "No token, or one that is unknown, revoked, expired or for something else.",
    402: "No key of the workspace serves the model, and its balance does not cover the request.",
    403: "The bot is switched off, or may not be used from this site.",
    404: "There is no such thing here.",
    409: "Someone else changed this.",
    413: "The body is too large.",
    422: "A field cannot be used; the sentence says what to send.",
    429: "A limit is reached. `Retry-After` says when there is room.",
    502: "Every key that serves the model failed; the error has the attempts.",
    503: "Away or busy for a moment; or the answer failed, with what there is of it.",
    "default": "What a provider said of the request itself, passed on with its status.",
}

_SERVING = (400, 401, 402, 404, 413, 502, 503, "default")
_VISITOR = (401, 403, 404, 503)

Operation = tuple[str, str, str, str, str, str, tuple[int | str, ...]]
OPERATIONS: tuple[Operation, ...] = (
    (
        *("post", "/v1/chat/completions", "chat_completions", "Answers a chat in OpenAI’s format."),
        *("ChatRequest", "200 Answer stream", _SERVING),
    ),
    (
        *("post", "/v1/responses", "responses", "Answers in OpenAI’s Responses format."),
        *("ResponsesRequest", "200 Answer stream", _SERVING),
    ),
    (
        *("post", "/v1/messages", "messages", "Answers in Anthropic’s format."),
        *("MessagesRequest", "200 Answer stream", _SERVING),
    ),
    (
        *("post", "/v1/messages/count_tokens", "count_tokens", "Counts the tokens of a request."),
        *("CountTokensRequest", "200 Answer", _SERVING),
    ),
    (
        *("post", "/v1/completions", "completions", "Goes on from a prompt."),
        *("CompletionsRequest", "200 Answer stream", _SERVING),
    ),
    (
        *("post", "/v1/fim/completions", "fim_completions", "Fills in between prompt and suffix."),
        *("FimRequest", "200 Answer stream", _SERVING),
    ),
    (
        *("post", "/v1/embeddings", "embeddings", "Makes vectors of texts."),
        *("EmbeddingsRequest", "200 Answer", _SERVING),
    ),
    (
        *("get", "/v1/models", "list_models", "The models that this workspace is answered by now."),
        *("", "200 ModelList", (401, 503)),
    ),
    (
        *("get", "/v1/models/{model_id}", "show_model", "One of them."),
        *("", "200 Model", (401, 404, 503)),
    ),
    (
        *("get", "/v1/route", "show_route", "Which key would serve a model; nobody is asked."),
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
        *("get", "/v1/bots/{bot_id}/messages", "list_messages", "The conversation so far."),
        *("", "200 Messages", _VISITOR),
    ),
    (
        *("get", "/v1/bots/{bot_id}/messages/{message_id}/events", "message_events"),
        *("The answer’s events from `Last-Event-ID` on, then live.", "", "200 stream", _VISITOR),
    ),
    (
        *("post", "/v1/bots/{bot_id}/messages/{message_id}/retry", "retry_message"),
        "Answers the same message again, if it was not answered.",
        *("", "200 BotAnswer stream", (*_VISITOR, 409, 429)),
    ),
    (
        *("post", "/v1/bots/{bot_id}/messages/{message_id}/stop", "stop_message"),
        *("Ends an answer that is being written.", "", "200 BotAnswer", _VISITOR),
    ),
    (
        *("post", "/v1/bots/{bot_id}/messages/{message_id}/feedback", "give_feedback"),
        *(
            "Gives or takes back a thumb.",
            "Thumb",
            "200 GivenThumb",
            (400, *_VISITOR, 409, 413, 422),
        ),
    ),
)
"""Method, path, id, what it does, body, answer (status, schema, whether it may stream), refusals."""

QUERIES: dict[str, tuple[Schema, ...]] = {
    "show_route": (
        {"name": "model", "in": "query", "required": True, "schema": _TEXT},
        {"name": "format", "in": "query", "schema": _TEXT | {"default": "chat"}},
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
        "description": "Of one conversation, for seven days at most.",
    },
}
