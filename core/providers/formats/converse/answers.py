"""A whole answer of Converse, and its usage and stop reasons, which its streams share."""

from collections.abc import Iterator
from typing import Any

from core.providers.documents import Malformed, at, count_at, text_at
from core.providers.formats import json_tool
from core.providers.formats.encoding import compact
from core.providers.formats.request import Text, Thinking, ToolCall
from core.providers.formats.response import Answered, Stop, StopReason, Usage

_READ: dict[str, StopReason] = {
    "end_turn": "end",
    "stop_sequence": "stop_sequence",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool",
    "guardrail_intervened": "refusal",
    "content_filtered": "refusal",
}
_BROKEN = ("malformed_model_output", "malformed_tool_use")


def read_answer(document: dict[str, Any]) -> Answered:
    listed = at(document, "output", "message", "content")
    if not isinstance(listed, list):
        raise Malformed
    blocks = tuple(block for part in listed for block in _block(part))
    return json_tool.answer_as_text(Answered(blocks, read_stop(document), read_usage(document)))


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


def read_stop(holder: dict[str, Any]) -> Stop:
    """Raises `Malformed` where the provider says that the answer is none."""
    reason = text_at(holder, "stopReason")
    if not reason or reason in _BROKEN:
        raise Malformed
    return Stop(_READ.get(reason, "end"))


def read_usage(holder: dict[str, Any]) -> Usage:
    """As Anthropic counts: what went through the cache is not in the input."""
    usage = holder.get("usage")
    fresh, cached, written = (
        count_at(usage, name)
        for name in ("inputTokens", "cacheReadInputTokens", "cacheWriteInputTokens")
    )
    tokens_in = None if fresh is None else fresh + (cached or 0) + (written or 0)
    return Usage(tokens_in, count_at(usage, "outputTokens"), cached, written)
