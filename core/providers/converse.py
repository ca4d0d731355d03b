"""Bedrock's Converse: one format for the models of every vendor there. Streams are binary frames."""

from collections.abc import Iterable, Iterator
from typing import Any

from core.providers import failures
from core.providers.documents import Malformed, at, count_at, text_at
from core.providers.formats import eventstream
from core.providers.wire import ChatRequest, Completion, Event, Failed, Finished, Text, Usage

ROUTE = "converse"


def body(request: ChatRequest, *, stream: bool) -> dict[str, Any]:
    """The request as a JSON object; the model and whether to stream stand in its address."""
    turns = [{"role": turn.role, "content": [{"text": turn.text}]} for turn in request.turns]
    document: dict[str, Any] = {"messages": turns}
    if request.system:
        document["system"] = [{"text": request.system}]
    if request.output_limit_field:
        document["inferenceConfig"] = {"maxTokens": request.max_output_tokens}
    return document


def completion(document: dict[str, Any]) -> Completion:
    """Reads a whole answer. Its text may be empty: thinking can use up the limit."""
    blocks = at(document, "output", "message", "content")
    if not isinstance(blocks, list):
        raise Malformed
    text = "".join(text_at(block, "text") for block in blocks)
    return Completion(text, _usage(document), text_at(document, "stopReason") or None)


def events(buffers: Iterable[bytes], provider: str, secret: str) -> Iterator[Event]:
    """Reads a stream; its usage comes after its end mark, an exception anywhere."""
    for name, payload in eventstream.events(buffers):
        if name.startswith("exception:"):
            yield Failed(exception(provider, name, payload, secret))
            return
        if text := text_at(payload, "delta", "text"):
            yield Text(text)
        if name == "messageStop":
            yield Finished(text_at(payload, "stopReason") or None)
        if name == "metadata":
            yield _usage(payload)


def exception(provider: str, name: str, payload: dict[str, Any], secret: str) -> failures.Failure:
    """What an exception frame means: its type is in the name, as `eventstream` gives it."""
    kind = name.removeprefix("exception:")
    told = {"code": kind[:1].upper() + kind[1:], "message": text_at(payload, "message")}
    return failures.inside(provider, {"error": told}, secret) or failures.malformed()


def _usage(document: dict[str, Any]) -> Usage:
    return Usage(
        count_at(document, "usage", "inputTokens"), count_at(document, "usage", "outputTokens")
    )
