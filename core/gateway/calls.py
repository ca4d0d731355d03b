"""A client's request: its body, what the gateway reads from it, and the body sent to a provider.

The gateway reads the model, whether to stream, and the size. If the provider uses the same format,
the body is passed through unchanged except for the model's name.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from core.errors import Invalid
from core.providers.documents import Malformed, parse_object

MAX_MODEL_LENGTH = 200
_MODEL = re.compile(rf"[\x21-\x7e]{{1,{MAX_MODEL_LENGTH}}}")
PASSED_HEADERS = ("anthropic-beta", "anthropic-version", "openai-beta")
"""The client's headers that are passed on. Credentials, organizations and addresses are not."""

_NOT_JSON = "The body isn’t a JSON object. Send one with the header Content-Type: application/json."
_NO_MODEL = (
    "Set “model” to the name of a model, such as claude-haiku-4-5. GET /v1/models lists them."
)


@dataclass(frozen=True, slots=True)
class Call:
    """One request of a client. `route` is the client's format."""

    route: str
    model: str
    stream: bool
    body: bytes
    document: dict[str, Any]
    headers: Mapping[str, str]
    beta: bool = False
    """Whether the URL had `?beta=true`, as Anthropic's SDKs send it."""
    bytes_in: int = 0
    """The size of the received body."""


def read(route: str, body: bytes, headers: Mapping[str, str], beta: bool = False) -> Call:
    """Reads a call from a body. Raises `Invalid` if no provider could serve it."""
    try:
        document = parse_object(body)
    except Malformed:
        raise Invalid(_NOT_JSON) from None
    model, stream = document.get("model"), document.get("stream")
    if not isinstance(model, str) or not _MODEL.fullmatch(model):
        raise Invalid(_NO_MODEL, "model")
    if stream is not None and not isinstance(stream, bool):
        raise Invalid("“stream” must be true or false.", "stream")
    passed = {name: headers[name] for name in PASSED_HEADERS if name in headers}
    return Call(route, model, bool(stream), body, document, passed, beta, len(body))


def drop_body(call: Call) -> Call:
    """The call without its body, to free memory: agents send megabytes and read for minutes."""
    return replace(call, body=b"", document={})


def is_silent(call: Call) -> bool:
    """Whether it is a stream that reports no usage because the client did not request it."""
    options = call.document.get("stream_options")
    is_counted = isinstance(options, dict) and options.get("include_usage") is True
    return call.stream and call.route in ("chat", "completions") and not is_counted


def body_with_usage(call: Call, upstream_model: str) -> bytes:
    """The body with `include_usage` set, so that the stream reports its tokens."""
    options = call.document.get("stream_options")
    options = (options if isinstance(options, dict) else {}) | {"include_usage": True}
    document = {**call.document, "model": upstream_model, "stream_options": options}
    return json.dumps(document).encode()


def body_for(call: Call, upstream_model: str) -> bytes:
    """The body for a provider that uses the caller's format."""
    if call.model == upstream_model:
        return call.body
    # Replaces only the name where it occurs once; else the document is written again.
    name = re.escape(json.dumps(call.model)).encode()
    places = list(re.finditer(rb'("model"\s*:\s*)' + name, call.body))
    if len(places) == 1 and call.body.count(b'"model"') == 1:
        start, end = places[0].end(1), places[0].end()
        return call.body[:start] + json.dumps(upstream_model).encode() + call.body[end:]
    return json.dumps({**call.document, "model": upstream_model}).encode()
