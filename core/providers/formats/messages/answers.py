"""A whole answer in the messages format, and its usage and stop reasons, which its streams share."""

from collections.abc import Iterator
from typing import Any

from core.providers.documents import Malformed, at, count_at, parse_object, text_at
from core.providers.formats import json_tool
from core.providers.formats.encoding import answer_id, compact, plain_call_id
from core.providers.formats.messages.requests import write_thinking
from core.providers.formats.request import Text, Thinking, ToolCall
from core.providers.formats.response import Answered, Stop, StopReason, Usage

_READ: dict[str, StopReason] = {
    "end_turn": "end",
    "stop_sequence": "stop_sequence",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool",
    "refusal": "refusal",
}
_WRITTEN: dict[StopReason, str] = {
    "end": "end_turn",
    "stop_sequence": "stop_sequence",
    "length": "max_tokens",
    "tool": "tool_use",
    "refusal": "refusal",
}


def read_answer(document: dict[str, Any]) -> Answered:
    listed = document.get("content")
    if not isinstance(listed, list) or not text_at(document, "stop_reason"):
        raise Malformed
    blocks = tuple(block for part in listed for block in _block(part))
    return json_tool.answer_as_text(
        Answered(blocks, read_stop(document), read_usage(document.get("usage")))
    )


def _block(part: Any) -> Iterator[Text | Thinking | ToolCall]:
    kind = at(part, "type")
    if kind == "text":
        yield Text(text_at(part, "text"))
    elif kind == "thinking":
        yield Thinking(text_at(part, "thinking"), text_at(part, "signature"))
    elif kind == "redacted_thinking":
        yield Thinking("", text_at(part, "data"), redacted=True)
    elif kind == "tool_use":
        arguments = compact(at(part, "input") or {})
        yield ToolCall(text_at(part, "id"), text_at(part, "name"), arguments)


def read_stop(holder: Any) -> Stop:
    """Of an answer, or of what a `message_delta` changes."""
    reason = _READ.get(text_at(holder, "stop_reason"), "end")
    return Stop(reason, text_at(holder, "stop_sequence"))


def read_usage(usage: Any) -> Usage:
    """Of each event what it says; the input is told in three parts that belong together."""
    fresh, written, cached = (
        count_at(usage, name)
        for name in ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
    )
    return Usage(
        None if fresh is None else fresh + (written or 0) + (cached or 0),
        count_at(usage, "output_tokens"),
        cached,
        written,
        count_at(usage, "output_tokens_details", "thinking_tokens"),
    )


def write_answer(answered: Answered, model: str, id: str) -> dict[str, Any]:
    content = [_written(block) for block in answered.blocks]
    return message(content, model, id) | {
        "stop_reason": _WRITTEN[answered.stop.reason],
        "stop_sequence": answered.stop.sequence or None,
        "usage": write_usage(answered.usage),
    }


def message(content: list[dict[str, Any]], model: str, id: str) -> dict[str, Any]:
    """One that has not come to its end."""
    return {
        "id": answer_id("msg_", id),
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": content,
        "stop_reason": None,
        "stop_sequence": None,
        "usage": write_usage(Usage()),
    }


def _written(block: Text | Thinking | ToolCall) -> dict[str, Any]:
    match block:
        case Text(text):
            return {"type": "text", "text": text}
        case Thinking(text, signature, redacted):
            return write_thinking(text, signature, redacted)
        case ToolCall(call_id, name, arguments):
            given = parse_object(arguments or "{}")
            return {"type": "tool_use", "id": plain_call_id(call_id), "name": name, "input": given}


def write_stop(stop: Stop) -> dict[str, Any]:
    return {"stop_reason": _WRITTEN[stop.reason], "stop_sequence": stop.sequence or None}


def write_usage(usage: Usage) -> dict[str, Any]:
    cached, written = usage.cached or 0, usage.cache_written or 0
    return {
        "input_tokens": max((usage.tokens_in or 0) - cached - written, 0),
        "output_tokens": usage.tokens_out or 0,
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": cached,
    }
