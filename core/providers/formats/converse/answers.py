"""A whole answer of Converse, and its usage and stop reasons, which its streams share."""

from collections.abc import Iterator
from typing import Any

from core.providers.documents import Malformed, at, count_at, text_at
from core.providers.formats import json_tool
from core.providers.formats.encoding import compact
from core.providers.formats.endings import reason_of
from core.providers.formats.request import Text, Thinking, ToolCall
from core.providers.formats.response import NO_USAGE, ChatResponse, Stop, StopReason, Usage

_READ: dict[str, StopReason] = {
    "end_turn": "end",
    "stop_sequence": "stop_sequence",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool",
    "guardrail_intervened": "refusal",
    "content_filtered": "refusal",
}
"""Not in it, and so failures: `malformed_model_output`, `malformed_tool_use`."""


def read_answer(document: dict[str, Any]) -> ChatResponse:
    listed, stop = at(document, "output", "message", "content"), read_stop(document)
    if not isinstance(listed, list) or stop is None:
        raise Malformed
    blocks = tuple(block for part in listed for block in _block(part))
    return json_tool.answer_as_text(ChatResponse(blocks, stop, read_usage(document)))


def _block(part: Any) -> Iterator[Text | Thinking | ToolCall]:
    if text := text_at(part, "text"):
        yield Text(text)
    elif call := at(part, "toolUse"):
        arguments = compact(at(call, "input") or {})
        yield ToolCall(text_at(call, "toolUseId"), text_at(call, "name"), arguments)
    elif thought := at(part, "reasoningContent", "reasoningText"):
        yield Thinking(text_at(thought, "text"), text_at(thought, "signature"))
    elif data := text_at(part, "reasoningContent", "redactedContent"):
        yield Thinking("", data, redacted=True)


def read_stop(document: Any) -> Stop | None:
    word = text_at(document, "stopReason")
    return Stop(reason_of(word, _READ)) if word else None


def read_usage(document: Any, earlier: Usage = NO_USAGE) -> Usage:
    """As Anthropic counts: what went through the cache is not in the input."""
    usage = at(document, "usage")
    if not isinstance(usage, dict):
        return earlier
    fresh, cached, written = (
        count_at(usage, name)
        for name in ("inputTokens", "cacheReadInputTokens", "cacheWriteInputTokens")
    )
    tokens_in = None if fresh is None else fresh + (cached or 0) + (written or 0)
    return earlier.updated(Usage(tokens_in, count_at(usage, "outputTokens"), cached, written))
