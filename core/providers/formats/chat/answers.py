"""A whole answer in the chat format, and its usage and stop reasons, which its streams share."""

from collections.abc import Iterator
from typing import Any

from core.ids import new_id
from core.providers.documents import Malformed, at, count_at, list_at, storable, text_at
from core.providers.formats.chat.requests import write_call
from core.providers.formats.encoding import answer_id, seconds_now
from core.providers.formats.endings import reason_of
from core.providers.formats.request import Text, Thinking, ToolCall
from core.providers.formats.response import NO_USAGE, ChatResponse, Stop, StopReason, Usage

_READ: dict[str, StopReason] = {
    "stop": "end",
    "eos": "end",
    "eos_token": "end",
    "end_turn": "end",
    "stop_sequence": "end",
    "length": "length",
    "max_tokens": "length",
    "model_length": "length",  # Mistral
    "model_context_window_exceeded": "length",  # Z.ai
    "repetition_truncation": "length",  # Xiaomi
    "tool_calls": "tool",
    "tool_use": "tool",
    "function_call": "tool",
    "content_filter": "refusal",
    "refusal": "refusal",
    "sensitive": "refusal",  # Z.ai
    # Google hands its own words on, in capitals or after a colon: `content_filter: RECITATION`.
    "safety": "refusal",
    "recitation": "refusal",
    "blocklist": "refusal",
    "prohibited_content": "refusal",
    "spii": "refusal",
    "image_safety": "refusal",
    "image_prohibited_content": "refusal",
    "image_recitation": "refusal",
    "model_armor": "refusal",
}
"""Not in it, and so failures: `error`, `network_error`, `insufficient_system_resource`, `abort`,
`malformed_function_call` and whatever comes next."""
_WRITTEN: dict[StopReason, str] = {
    "end": "stop",
    "stop_sequence": "stop",
    "length": "length",
    "tool": "tool_calls",
    "refusal": "content_filter",
}


def read_answer(document: dict[str, Any]) -> ChatResponse:
    message = at(document, "choices", 0, "message")
    stop = read_stop(document)
    if not isinstance(message, dict) or stop is None:
        raise Malformed
    blocks = tuple(_blocks(message))
    has_call = any(isinstance(block, ToolCall) for block in blocks)
    return ChatResponse(blocks, with_call(stop) if has_call else stop, read_usage(document))


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


def contents(message: dict[str, Any]) -> tuple[str, str]:
    """The text and the thinking of a message or a delta; Mistral mixes them in one list."""
    content = message.get("content")
    text = storable(content) if isinstance(content, str) else ""
    if isinstance(content, str) and len(message) == 1:
        return text, ""  # Most deltas.
    thought = text_at(message, "reasoning_content") or text_at(message, "reasoning")
    for part in content if isinstance(content, list) else ():
        text += text_at(part, "text")
        thought += "".join(text_at(piece, "text") for piece in list_at(part, "thinking"))
    return text + text_at(message, "refusal"), thought


def read_stop(document: Any) -> Stop | None:
    """Of several choices, each has to end well; the first that ended is the answer's."""
    stops = [Stop(reason_of(word, _READ)) for word in map(_ending_of, choices_of(document)) if word]
    return stops[0] if stops else None


def choices_of(document: Any) -> list[Any]:
    choices = document.get("choices") if isinstance(document, dict) else None
    return choices if isinstance(choices, list) else []


def _ending_of(choice: Any) -> str:
    word = choice.get("finish_reason") if isinstance(choice, dict) else None
    return word.lower().partition(":")[0] if word and isinstance(word, str) else ""


def with_call(stop: Stop) -> Stop:
    """Some providers say "stop" where they mean that a tool is to be called."""
    return Stop("tool") if stop.reason == "end" else stop


def read_usage(document: Any, earlier: Usage = NO_USAGE) -> Usage:
    """Moonshot's streams have it in the last choice, and it is null or absent in all other chunks."""
    usage = document.get("usage") if isinstance(document, dict) else None
    for choice in () if usage else choices_of(document)[:1]:
        usage = choice.get("usage") if isinstance(choice, dict) else None
    if not isinstance(usage, dict):
        return earlier
    tokens_in, tokens_out = count_at(usage, "prompt_tokens"), count_at(usage, "completion_tokens")
    reasoning = count_at(usage, "completion_tokens_details", "reasoning_tokens")
    total = count_at(usage, "total_tokens")
    if tokens_in is not None and tokens_out is not None:
        # xAI and Google count thinking beside the answer, the others as part of it: the total says so.
        beside = (total or 0) - tokens_in - tokens_out
        if beside > 0 and reasoning in (None, beside):
            tokens_out, reasoning = tokens_out + beside, beside
    return earlier.updated(Usage(tokens_in, tokens_out, _cached(usage), None, reasoning))


def _cached(usage: Any) -> int | None:
    paths = (
        ("prompt_tokens_details", "cached_tokens"),
        ("prompt_cache_hit_tokens",),
        ("cached_tokens",),
    )
    return next((n for path in paths if (n := count_at(usage, *path)) is not None), None)


def write_answer(response: ChatResponse, model: str, id: str) -> dict[str, Any]:
    choice = {
        "index": 0,
        "message": _message(response),
        "finish_reason": write_stop(response.stop),
        "logprobs": None,
    }
    return {
        "id": answer_id("chatcmpl-", id),
        "object": "chat.completion",
        "created": seconds_now(),
        "model": model,
        "choices": [choice],
        "usage": write_usage(response.usage),
    }


def _message(response: ChatResponse) -> dict[str, Any]:
    text = "".join(block.text for block in response.blocks if isinstance(block, Text))
    thought = "".join(block.text for block in response.blocks if isinstance(block, Thinking))
    calls = [write_call(block) for block in response.blocks if isinstance(block, ToolCall)]
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
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning or 0},
    }
