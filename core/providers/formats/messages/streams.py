"""A stream in the messages format. It is whole once `message_stop` came."""

from collections.abc import Iterable, Iterator
from typing import Any

from core.providers.documents import at, text_at
from core.providers.formats import errors, json_tool
from core.providers.formats.encoding import as_event, plain_call_id
from core.providers.formats.messages.answers import (
    message,
    read_stop,
    read_usage,
    write_stop,
    write_usage,
)
from core.providers.formats.request import ChatRequest
from core.providers.formats.response import (
    NO_USAGE,
    Begin,
    BlockEnd,
    Failed,
    Part,
    Stop,
    TextDelta,
    ThinkingDelta,
    ToolBegin,
    ToolDelta,
    Usage,
)
from core.providers.formats.streams import (
    BlockBegin,
    BoundedPart,
    documents,
    with_block_boundaries,
    with_one_ending,
)

_PRELUDES = ("message_start", "content_block_start", "ping")


def read_stream(buffers: Iterable[bytes], provider: str, secret: str) -> Iterator[Part]:
    parts = json_tool.parts_as_text(_read(documents(buffers, provider, secret)))
    return with_one_ending(parts, provider, secret)


def _read(events: Iterable[dict[str, Any]]) -> Iterator[Part]:
    usage, stop = NO_USAGE, Stop("end")
    for event in events:
        previous, usage = usage, read_usage(event, usage)
        if usage is not previous:
            yield usage
        if is_end(event):
            yield stop
            return
        kind = event.get("type")
        if kind == "message_start":
            yield Begin()
        elif kind == "message_delta":
            stop = read_stop(event) or stop
        elif kind == "content_block_start":
            yield from _opening(at(event, "content_block"))
        elif kind == "content_block_delta":
            yield from _delta(at(event, "delta"))
        elif kind == "content_block_stop":
            yield BlockEnd()


def is_end(event: dict[str, Any]) -> bool:
    return event.get("type") == "message_stop"


def is_prelude(event: dict[str, Any]) -> bool:
    return event.get("type") in _PRELUDES


def _opening(block: Any) -> Iterator[Part]:
    kind = at(block, "type")
    if kind == "tool_use":
        yield ToolBegin(text_at(block, "id"), text_at(block, "name"))
    elif kind == "redacted_thinking":
        yield ThinkingDelta("", text_at(block, "data"), redacted=True)
    elif text := text_at(block, "text"):
        yield TextDelta(text)


def _delta(delta: Any) -> Iterator[Part]:
    kind = at(delta, "type")
    if kind == "text_delta":
        yield TextDelta(text_at(delta, "text"))
    elif kind == "thinking_delta":
        yield ThinkingDelta(text_at(delta, "thinking"))
    elif kind == "signature_delta":
        yield ThinkingDelta("", text_at(delta, "signature"))
    elif kind == "input_json_delta":
        yield ToolDelta(text_at(delta, "partial_json"))


def write_stream(
    parts: Iterable[Part], model: str, id: str, request: ChatRequest
) -> Iterator[bytes]:
    start = {"type": "message_start", "message": message([], model, id)}
    yield as_event("message_start", start)
    usage, index = Usage(), -1
    for part in with_block_boundaries(parts):
        if isinstance(part, Failed):
            code = f"upstream_{part.failure.kind}"
            yield errors.in_stream("messages", code, part.failure.message)
            return
        if isinstance(part, Usage):
            usage = usage.updated(part)
        elif isinstance(part, Stop):
            delta = {"delta": write_stop(part), "usage": write_usage(usage)}
            yield as_event("message_delta", {"type": "message_delta"} | delta)
            yield as_event("message_stop", {"type": "message_stop"})
        else:
            index += isinstance(part, BlockBegin)
            yield from _written(part, index)


def _written(part: BoundedPart, index: int) -> Iterator[bytes]:
    if isinstance(part, BlockBegin):
        yield _event("content_block_start", index, content_block=_empty(part))
    elif isinstance(part, BlockEnd):
        yield _event("content_block_stop", index)
    else:
        for delta in _deltas(part):
            yield _event("content_block_delta", index, delta=delta)


def _deltas(part: BoundedPart) -> Iterator[dict[str, Any]]:
    match part:
        case TextDelta(text):
            yield {"type": "text_delta", "text": text}
        case ToolDelta(arguments):
            yield {"type": "input_json_delta", "partial_json": arguments}
        case ThinkingDelta(text, signature, redacted=False):
            if text:
                yield {"type": "thinking_delta", "thinking": text}
            if signature:
                yield {"type": "signature_delta", "signature": signature}


def _event(name: str, index: int, **members: dict[str, Any]) -> bytes:
    return as_event(name, {"type": name, "index": index} | members)


def _empty(block: BlockBegin) -> dict[str, Any]:
    if block.kind == "tool":
        return {"type": "tool_use", "id": plain_call_id(block.id), "name": block.name, "input": {}}
    if block.kind == "redacted":
        return {"type": "redacted_thinking", "data": block.data}
    if block.kind == "thinking":
        return {"type": "thinking", "thinking": "", "signature": ""}
    return {"type": "text", "text": ""}
