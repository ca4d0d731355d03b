"""OpenAI's chat completions, the format that most providers speak.

A stream is whole once a `finish_reason` came: `[DONE]` alone proves nothing, since it has been seen
after errors, and its absence after a `finish_reason` loses nothing but the usage.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from core.providers import failures
from core.providers.documents import Malformed, at, count_at, parse_object, text_at
from core.providers.formats import sse
from core.providers.wire import ChatRequest, Completion, Event, Failed, Finished, Text, Usage

ROUTE = "chat"
_END = "[DONE]"


def body(request: ChatRequest, *, stream: bool) -> dict[str, Any]:
    """The request as a JSON object; a stream asks for its usage, not sent otherwise."""
    document: dict[str, Any] = {"model": request.model, "messages": _messages(request)}
    if request.output_limit_field:
        document[request.output_limit_field] = request.max_output_tokens
    if stream:
        document |= {"stream": True, "stream_options": {"include_usage": True}}
    return document


def _messages(request: ChatRequest) -> list[dict[str, str]]:
    system = [{"role": "system", "content": request.system}] if request.system else []
    return system + [{"role": turn.role, "content": turn.text} for turn in request.turns]


def completion(document: dict[str, Any]) -> Completion:
    """Reads a whole answer. Its text may be empty: reasoning can use up the limit."""
    if not isinstance(document.get("choices"), list):
        raise Malformed
    return Completion(
        text_at(document, "choices", 0, "message", "content"),
        _usage(document),
        text_at(document, "choices", 0, "finish_reason") or None,
    )


def events(buffers: Iterable[bytes], provider: str, secret: str) -> Iterator[Event]:
    """Reads a stream to its `[DONE]`, its end, or an error in it."""
    for event in sse.events(buffers):
        if event.data == _END:
            return
        chunk = parse_object(event.data)
        if failure := failures.inside(provider, chunk, secret):
            yield Failed(failure)
            return
        yield from _read(chunk)


def _read(chunk: dict[str, Any]) -> Iterator[Event]:
    if text := text_at(chunk, "choices", 0, "delta", "content"):
        yield Text(text)
    if at(chunk, "usage"):
        yield _usage(chunk)
    if stop_reason := text_at(chunk, "choices", 0, "finish_reason"):
        yield Finished(stop_reason)


def _usage(document: dict[str, Any]) -> Usage:
    return Usage(
        count_at(document, "usage", "prompt_tokens"),
        count_at(document, "usage", "completion_tokens"),
    )
