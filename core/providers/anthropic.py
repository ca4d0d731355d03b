"""Anthropic's messages.

A stream is whole once `message_stop` came. Its counts are cumulative: a later one replaces an
earlier one. What was read from or written to the prompt cache is part of the tokens in.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from core.providers import failures
from core.providers.documents import Malformed, at, count_at, parse_object, text_at
from core.providers.formats import sse
from core.providers.wire import ChatRequest, Completion, Event, Failed, Finished, Text, Usage

ROUTE = "messages"

_INPUT_FIELDS = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")


def body(request: ChatRequest, *, stream: bool) -> dict[str, Any]:
    """The request as a JSON object."""
    messages = [{"role": turn.role, "content": turn.text} for turn in request.turns]
    document: dict[str, Any] = {"model": request.model, "messages": messages}
    if request.system:
        document["system"] = request.system
    if request.output_limit_field:
        document[request.output_limit_field] = request.max_output_tokens
    if stream:
        document["stream"] = True
    return document


def completion(document: dict[str, Any]) -> Completion:
    """Reads a whole answer. Its text may be empty: thinking can use up the limit."""
    blocks = document.get("content")
    if not isinstance(blocks, list):
        raise Malformed
    text = "".join(text_at(block, "text") for block in blocks if at(block, "type") == "text")
    stop_reason = text_at(document, "stop_reason") or None
    return Completion(text, _usage(_counts(document.get("usage"))), stop_reason)


def events(buffers: Iterable[bytes], provider: str, secret: str) -> Iterator[Event]:
    """Reads a stream to its `message_stop`, its end, or an error in it."""
    counts: dict[str, int] = {}
    stop_reason = ""
    for event in sse.events(buffers):
        chunk = parse_object(event.data)
        if failure := failures.inside(provider, chunk, secret):
            yield Failed(failure)
            return
        if text := text_at(chunk, "delta", "text"):
            yield Text(text)
        if news := _counts(at(chunk, "message", "usage")) | _counts(chunk.get("usage")):
            counts |= news
            yield _usage(counts)
        stop_reason = text_at(chunk, "delta", "stop_reason") or stop_reason
        if chunk.get("type") == "message_stop":
            yield Finished(stop_reason or None)
            return


def _counts(usage: Any) -> dict[str, int]:
    """The counts that are there; null means unchanged."""
    found = {field: count_at(usage, field) for field in (*_INPUT_FIELDS, "output_tokens")}
    return {field: count for field, count in found.items() if count is not None}


def _usage(counts: dict[str, int]) -> Usage:
    tokens_in = [counts[field] for field in _INPUT_FIELDS if field in counts]
    return Usage(sum(tokens_in) if tokens_in else None, counts.get("output_tokens"))
