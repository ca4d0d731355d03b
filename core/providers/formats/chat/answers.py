"""A whole answer in the chat format, and its usage and stop reasons, which its streams share."""

from collections.abc import Iterator
from typing import Any

from core.ids import new_id
from core.providers.documents import Malformed, at, count_at, list_at, text_at
from core.providers.formats.chat.requests import write_call
from core.providers.formats.encoding import answer_id, seconds_now
from core.providers.formats.request import Text, Thinking, ToolCall
from core.providers.formats.response import Answered, Stop, StopReason, Usage

_READ: dict[str, StopReason] = {
    "stop": "end",
    "length": "length",
    "model_length": "length",
    "model_context_window_exceeded": "length",
    "tool_calls": "tool",
    "function_call": "tool",
    "content_filter": "refusal",
    "sensitive": "refusal",
}
BROKEN = ("error", "network_error", "insufficient_system_resource", "abort")
"""Reasons of some providers that mean no end at all."""
_WRITTEN: dict[StopReason, str] = {
    "end": "stop",
    "stop_sequence": "stop",
    "length": "length",
    "tool": "tool_calls",
    "refusal": "content_filter",
}


def read_answer(document: dict[str, Any]) -> Answered:
    message = at(document, "choices", 0, "message")
    reason = text_at(document, "choices", 0, "finish_reason")
    if not isinstance(message, dict) or not reason or reason in BROKEN:
        raise Malformed
    blocks = tuple(_blocks(message))
    has_call = any(isinstance(block, ToolCall) for block in blocks)
    return Answered(blocks, read_stop(reason, has_call), read_usage(document))


def _blocks(message: dict[str, Any]) -> Iterator[Text | Thinking | ToolCall]:
    text, thought = contents(message)
    if thought:
        yield Thinking(thought)
    if text:
        yield Text(text)
    for call in list_at(message, "tool_calls"):
        yield ToolCall(
            text_at(call, "id") or new_id("call"),
            text_at(call, "function", "name"),
            text_at(call, "function", "arguments") or "{}",
        )


def contents(message: Any) -> tuple[str, str]:
    """The text and the thinking of a message or a delta; Mistral mixes them in one list."""
    text = text_at(message, "content") + text_at(message, "refusal")
    thought = text_at(message, "reasoning_content") or text_at(message, "reasoning")
    for part in list_at(message, "content"):
        text += text_at(part, "text")
        thought += "".join(text_at(piece, "text") for piece in list_at(part, "thinking"))
    return text, thought


def read_stop(reason: str, has_call: bool) -> Stop:
    """Some providers say "stop" where they mean that a tool is to be called."""
    found = _READ.get(reason, "end")
    return Stop("tool" if has_call and found == "end" else found)


def read_usage(document: dict[str, Any]) -> Usage:
    usage = at(document, "usage") or at(document, "choices", 0, "usage")
    tokens_in, tokens_out = count_at(usage, "prompt_tokens"), count_at(usage, "completion_tokens")
    thinking = count_at(usage, "completion_tokens_details", "reasoning_tokens")
    total = count_at(usage, "total_tokens")
    if tokens_in is not None and tokens_out is not None:
        # xAI and Google count thinking beside the answer, the others as part of it: the total tells.
        beside = (total or 0) - tokens_in - tokens_out
        if beside > 0 and thinking in (None, beside):
            tokens_out, thinking = tokens_out + beside, beside
    return Usage(tokens_in, tokens_out, _cached(usage), None, thinking)


def _cached(usage: Any) -> int | None:
    paths = (
        ("prompt_tokens_details", "cached_tokens"),
        ("prompt_cache_hit_tokens",),
        ("cached_tokens",),
    )
    return next((n for path in paths if (n := count_at(usage, *path)) is not None), None)


def write_answer(answered: Answered, model: str, id: str) -> dict[str, Any]:
    choice = {
        "index": 0,
        "message": _message(answered),
        "finish_reason": write_stop(answered.stop),
        "logprobs": None,
    }
    return {
        "id": answer_id("chatcmpl-", id),
        "object": "chat.completion",
        "created": seconds_now(),
        "model": model,
        "choices": [choice],
        "usage": write_usage(answered.usage),
    }


def _message(answered: Answered) -> dict[str, Any]:
    text = "".join(block.text for block in answered.blocks if isinstance(block, Text))
    thought = "".join(block.text for block in answered.blocks if isinstance(block, Thinking))
    calls = [write_call(block) for block in answered.blocks if isinstance(block, ToolCall)]
    message: dict[str, Any] = {"role": "assistant", "content": text or None, "refusal": None}
    if thought:
        message["reasoning_content"] = thought
    if calls:
        message["tool_calls"] = calls
    elif not text:
        message["content"] = ""
    return message


def write_stop(stop: Stop) -> str:
    return _WRITTEN[stop.reason]


def write_usage(usage: Usage) -> dict[str, Any]:
    """Always a whole: programs add up what they find. What nobody counted is 0."""
    tokens_in, tokens_out = usage.tokens_in or 0, usage.tokens_out or 0
    return {
        "prompt_tokens": tokens_in,
        "completion_tokens": tokens_out,
        "total_tokens": tokens_in + tokens_out,
        "prompt_tokens_details": {"cached_tokens": usage.cached or 0},
        "completion_tokens_details": {"reasoning_tokens": usage.thinking or 0},
    }
