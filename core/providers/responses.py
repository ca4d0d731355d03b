"""OpenAI's responses, as Perplexity's agent speaks them: to prove a key with. A 200 may tell of a failure."""

from collections.abc import Iterable, Iterator
from typing import Any

from core.providers import failures
from core.providers.documents import Malformed, at, count_at, parse_object, text_at
from core.providers.formats import sse
from core.providers.wire import ChatRequest, Completion, Event, Failed, Finished, Text, Usage

ROUTE = "responses"
_WHOLE = ("response.completed", "response.incomplete")


def body(request: ChatRequest, *, stream: bool) -> dict[str, Any]:
    """The request as a JSON object. Perplexity wants each item's type."""
    items = [{"type": "message", "role": turn.role, "content": turn.text} for turn in request.turns]
    document: dict[str, Any] = {"model": request.model, "input": items, "store": False}
    if request.system:
        document["instructions"] = request.system
    if request.output_limit_field:
        document["max_output_tokens"] = request.max_output_tokens
    return document | ({"stream": True} if stream else {})


def completion(document: dict[str, Any]) -> Completion:
    """Reads a whole answer. Its text may be empty: thinking can use up the limit."""
    items = document.get("output")
    if not isinstance(items, list):
        raise Malformed
    parts = [part for item in items for part in _parts(item)]
    return Completion("".join(parts), _usage(document), text_at(document, "status") or None)


def events(buffers: Iterable[bytes], provider: str, secret: str) -> Iterator[Event]:
    """Reads a stream to its last event, its end, or an error in it."""
    for event in sse.events(buffers):
        chunk = parse_object(event.data)
        inner = at(chunk, "response")
        told = (
            inner if chunk.get("type") == "response.failed" and isinstance(inner, dict) else chunk
        )
        if failure := failures.inside(provider, told, secret):
            yield Failed(failure)
            return
        if chunk.get("type") == "response.output_text.delta":
            yield Text(text_at(chunk, "delta"))
        if chunk.get("type") in _WHOLE:
            yield _usage(inner)
            yield Finished(text_at(inner, "status") or None)
            return


def _parts(item: Any) -> Iterator[str]:
    content = at(item, "content")
    return (text_at(part, "text") for part in (content if isinstance(content, list) else []))


def _usage(document: Any) -> Usage:
    return Usage(
        count_at(document, "usage", "input_tokens"), count_at(document, "usage", "output_tokens")
    )
