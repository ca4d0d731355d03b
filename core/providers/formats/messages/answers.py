"""A whole answer in the messages format, and its usage and stop reasons, which its streams share."""

from collections.abc import Iterator
from typing import Any

from core.providers.documents import Malformed, at, count_at, parse_object, text_at
from core.providers.formats import json_tool
from core.providers.formats.encoding import answer_id, compact, plain_call_id
from core.providers.formats.endings import reason_of
from core.providers.formats.messages.requests import write_thinking
from core.providers.formats.request import Text, Thinking, ToolCall
from core.providers.formats.response import NO_USAGE, ChatResponse, Stop, StopReason, Usage

_READ: dict[str, StopReason] = {
    "end_turn": "end",
    "stop_sequence": "stop_sequence",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool",
    "refusal": "refusal",
    # Both want the program to send the conversation again; only bytes that pass through have them.
    "pause_turn": "end",
    "compaction": "end",
}
_WRITTEN: dict[StopReason, str] = {
    "end": "end_turn",
    "stop_sequence": "stop_sequence",
    "length": "max_tokens",
    "tool": "tool_use",
    "refusal": "refusal",
}


def read_answer(document: dict[str, Any]) -> ChatResponse:
    listed, stop = document.get("content"), read_stop(document)
    if not isinstance(listed, list) or stop is None:
        raise Malformed
    blocks = tuple(block for part in listed for block in _block(part))
    return json_tool.answer_as_text(ChatResponse(blocks, stop, read_usage(document)))


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


def read_stop(document: Any) -> Stop | None:
    """Of an answer, or of what a `message_delta` changes."""
    holder = at(document, "delta") or document
    word = text_at(holder, "stop_reason")
    return Stop(reason_of(word, _READ), text_at(holder, "stop_sequence")) if word else None


def read_usage(document: Any, earlier: Usage = NO_USAGE) -> Usage:
    """Null means unchanged. The input comes in three parts that belong together; `tokens_in` is all."""
    usage = at(document, "message", "usage") or at(document, "usage")
    if not isinstance(usage, dict):
        return earlier
    counts = (
        count_at(usage, name)
        for name in ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
    )
    before = (_fresh(earlier), earlier.cached, earlier.cache_written)
    parts = [old if new is None else new for new, old in zip(counts, before, strict=True)]
    known = [part for part in parts if part is not None]
    return earlier.updated(
        Usage(
            sum(known) if known else None,
            count_at(usage, "output_tokens"),
            parts[1],
            parts[2],
            count_at(usage, "output_tokens_details", "thinking_tokens"),
        )
    )


def _fresh(usage: Usage) -> int | None:
    """What of the input went through no cache."""
    if usage.tokens_in is None:
        return None
    return usage.tokens_in - (usage.cached or 0) - (usage.cache_written or 0)


def write_answer(response: ChatResponse, model: str, id: str) -> dict[str, Any]:
    content = [_written(block) for block in response.blocks]
    return message(content, model, id) | {
        "stop_reason": _WRITTEN[response.stop.reason],
        "stop_sequence": response.stop.sequence or None,
        "usage": write_usage(response.usage),
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
            content = parse_object(arguments or "{}")
            call_id = plain_call_id(call_id)
            return {"type": "tool_use", "id": call_id, "name": name, "input": content}


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
