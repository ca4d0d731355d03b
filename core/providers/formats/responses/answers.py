"""A whole answer in the responses format, and its usage and endings, which its streams share."""

from collections.abc import Iterator
from typing import Any

from core.ids import new_id
from core.providers.documents import Malformed, at, count_at, list_at, text_at
from core.providers.formats.encoding import answer_id, seconds_now
from core.providers.formats.endings import BrokenOff, reason_of
from core.providers.formats.request import Text, Thinking, ToolCall
from core.providers.formats.response import NO_USAGE, ChatResponse, Stop, StopReason, Usage
from core.providers.formats.responses import namespaces, seals
from core.providers.formats.responses.requests import write_call

_MICRO = 1_000_000
_UNDER_WAY = ("queued", "in_progress")
_READ: dict[str, StopReason] = {
    "max_output_tokens": "length",
    "max_tokens": "length",
    "content_filter": "refusal",
}
"""Why a response is incomplete. Its status says the rest: `failed` and `cancelled` are failures."""
_INCOMPLETE: dict[StopReason, str] = {
    "length": "max_output_tokens",
    "refusal": "content_filter",
}


def read_answer(document: dict[str, Any]) -> ChatResponse:
    output, stop = document.get("output"), read_stop(document)
    if not isinstance(output, list) or (stop is None and document.get("status")):
        raise Malformed
    blocks = tuple(block for item in output for block in _blocks(item))
    return ChatResponse(blocks, stop or completed(document), read_usage(document))


def _blocks(item: Any) -> Iterator[Text | Thinking | ToolCall]:
    kind = at(item, "type")
    if kind == "message":
        for part in list_at(item, "content"):
            yield Text(text_at(part, "text") or text_at(part, "refusal"))
    elif kind == "function_call":
        arguments = text_at(item, "arguments") or "{}"
        yield ToolCall(call_id_of(item), text_at(item, "name"), arguments)
    elif kind == "reasoning":
        pieces = list_at(item, "summary") + list_at(item, "content")
        text = "".join(text_at(piece, "text") for piece in pieces)
        if text:
            yield Thinking(text)


def call_id_of(item: Any) -> str:
    return text_at(item, "call_id") or text_at(item, "id") or new_id("call")


def read_stop(document: Any) -> Stop | None:
    """Of a response, or of one in an event: None as long as it is being written."""
    response = at(document, "response") or document
    status = text_at(response, "status")
    if not status or status in _UNDER_WAY:
        return None
    if status == "incomplete":
        word = text_at(response, "incomplete_details", "reason") or "max_output_tokens"
        return Stop(reason_of(word, _READ))
    if status != "completed":
        raise BrokenOff(status)
    return completed(response)


def completed(response: Any) -> Stop:
    """That a response wants a tool is known by what is in it."""
    calls = [item for item in list_at(response, "output") if at(item, "type") == "function_call"]
    return Stop("tool" if calls else "end")


def read_usage(document: Any, earlier: Usage = NO_USAGE) -> Usage:
    usage = at(document, "usage") or at(document, "response", "usage")
    if not isinstance(usage, dict):
        return earlier
    cost = at(usage, "cost", "total_cost")
    return earlier.updated(
        Usage(
            count_at(usage, "input_tokens"),
            count_at(usage, "output_tokens"),
            count_at(usage, "input_tokens_details", "cached_tokens"),
            count_at(usage, "input_tokens_details", "cache_write_tokens"),
            count_at(usage, "output_tokens_details", "reasoning_tokens"),
            round(cost * _MICRO) if type(cost) in (int, float) and 0 <= cost < _MICRO else None,
        )
    )


def write_answer(response: ChatResponse, model: str, id: str) -> dict[str, Any]:
    output = [_item(block, f"{id}{place}") for place, block in enumerate(response.blocks)]
    return (
        empty_response(model, id) | write_ending(response.stop, response.usage) | {"output": output}
    )


def empty_response(model: str, id: str) -> dict[str, Any]:
    """One without anything in it yet."""
    return {
        "id": answer_id("resp_", id),
        "object": "response",
        "created_at": seconds_now(),
        "status": "in_progress",
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "model": model,
        "output": [],
        "parallel_tool_calls": True,
        "temperature": None,
        "tool_choice": "auto",
        "tools": [],
        "top_p": None,
        "store": False,
        "usage": None,
    }


def write_ending(stop: Stop, usage: Usage) -> dict[str, Any]:
    """What of a response is known at its end."""
    reason = _INCOMPLETE.get(stop.reason)
    return {
        "status": "incomplete" if reason else "completed",
        "incomplete_details": {"reason": reason} if reason else None,
        "usage": write_usage(usage),
    }


def _item(block: Text | Thinking | ToolCall, id: str) -> dict[str, Any]:
    match block:
        case Text(text):
            return message_item(id, text)
        case ToolCall():
            return call_item(id, block)
        case Thinking(text, signature, redacted):
            return reasoning_item(id, text, "" if redacted else signature)


def message_item(id: str, text: str) -> dict[str, Any]:
    content = [text_part(text)]
    name = answer_id("msg_", id)
    item = {"type": "message", "id": name, "status": "completed", "role": "assistant"}
    return item | {"content": content}


def text_part(text: str) -> dict[str, Any]:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def call_item(id: str, call: ToolCall) -> dict[str, Any]:
    item = {"id": answer_id("fc_", id), "status": "completed"} | write_call(call)
    return item | namespaces.parted(call.name)


def reasoning_item(id: str, text: str, signature: str) -> dict[str, Any]:
    """What a model thought is shown as its summary: programs show that, and send it back."""
    summary = [{"type": "summary_text", "text": text}] if text else []
    item = {"type": "reasoning", "id": answer_id("rs_", id), "summary": summary}
    return item | {"encrypted_content": seals.sealed(signature)}


def write_usage(usage: Usage) -> dict[str, Any]:
    tokens_in, tokens_out = usage.tokens_in or 0, usage.tokens_out or 0
    cache = {"cached_tokens": usage.cached or 0, "cache_write_tokens": usage.cache_written or 0}
    return {
        "input_tokens": tokens_in,
        "input_tokens_details": cache,
        "output_tokens": tokens_out,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning or 0},
        "total_tokens": tokens_in + tokens_out,
    }
