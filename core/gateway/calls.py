"""What a program asks: its body as it came, what is read of it, and how it goes on to a provider.

Only the model, whether to stream, and the size are looked at. Where both sides speak the same format
the body goes on byte for byte, but for a model that has another name there.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from core.errors import Invalid
from core.providers.documents import Malformed, parse_object

MAX_MODEL_LENGTH = 200
PASSED_HEADERS = ("anthropic-beta", "anthropic-version", "openai-beta")
"""Of a caller's headers. All others end here: credentials, organizations, addresses."""

_NOT_JSON = (
    "The body is not a JSON object. Send one, with the header Content-Type: application/json."
)
_NO_MODEL = (
    "Name the model as a text in “model”, such as claude-haiku-4-5. GET /v1/models lists them."
)


@dataclass(frozen=True, slots=True)
class Call:
    """One request of a program. `route` is the caller's format."""

    route: str
    model: str
    stream: bool
    body: bytes
    document: dict[str, Any]
    headers: Mapping[str, str]
    beta: bool = False
    """Whether `?beta=true` was asked for, as Anthropic's SDKs do."""
    bytes_in: int = 0
    """The size of the body as it came."""


def read(route: str, body: bytes, headers: Mapping[str, str], beta: bool = False) -> Call:
    """The call in a body. Raises `Invalid` for what no provider could be asked."""
    try:
        document = parse_object(body)
    except Malformed:
        raise Invalid(_NOT_JSON) from None
    model, stream = document.get("model"), document.get("stream")
    if (
        not isinstance(model, str)
        or not model
        or len(model) > MAX_MODEL_LENGTH
        or not _plain(model)
    ):
        raise Invalid(_NO_MODEL, "model")
    if stream not in (None, True, False):
        raise Invalid("“stream” is true or false.", "stream")
    passed = {name: headers[name] for name in PASSED_HEADERS if name in headers}
    return Call(route, model, bool(stream), body, document, passed, beta, len(body))


def drop_body(call: Call) -> Call:
    """What is still needed of it once somebody answers: agents ask with megabytes, and read for minutes."""
    return replace(call, body=b"", document={})


def is_silent(call: Call) -> bool:
    """Whether it is a stream that will not tell its tokens, since nobody asked for them."""
    options = call.document.get("stream_options")
    asked = isinstance(options, dict) and options.get("include_usage") is True
    return call.stream and call.route in ("chat", "completions") and not asked


def body_with_usage(call: Call, upstream_model: str) -> bytes:
    """The same, of a stream that has to tell its tokens."""
    options = call.document.get("stream_options")
    told = (options if isinstance(options, dict) else {}) | {"include_usage": True}
    document = {**call.document, "model": upstream_model, "stream_options": told}
    return json.dumps(document).encode()


def body_for(call: Call, upstream_model: str) -> bytes:
    """The body for a provider that speaks the caller's format."""
    if call.model == upstream_model:
        return call.body
    return _with_model(call, upstream_model)


def _with_model(call: Call, upstream_model: str) -> bytes:
    """Only the name is exchanged where it stands once; else the document is written anew."""
    name = re.escape(json.dumps(call.model)).encode()
    places = list(re.finditer(rb'("model"\s*:\s*)' + name, call.body))
    if len(places) == 1 and call.body.count(b'"model"') == 1:
        start, end = places[0].end(1), places[0].end()
        return call.body[:start] + json.dumps(upstream_model).encode() + call.body[end:]
    return json.dumps({**call.document, "model": upstream_model}).encode()


def _plain(model: str) -> bool:
    return re.fullmatch(r"[\x21-\x7e]+", model) is not None
