"""Writes a request in the messages format.

Not written: thinking without a seal, which is another provider's and would be refused.
"""

from typing import Any

from core.errors import Invalid
from core.providers.formats import json_tool
from core.providers.formats.encoding import plain_call_id, without_nothing
from core.providers.formats.limits import limits_of
from core.providers.formats.request import (
    Block,
    ChatRequest,
    Image,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
    Turn,
    tool_arguments,
)

_HOTTEST = 1
_TOO_HOT = "This model’s provider accepts a `temperature` of at most 1. Lower it."
_CHOICES = {"auto": "auto", "required": "any", "none": "none", "named": "tool"}


def write_request(request: ChatRequest, model: str) -> dict[str, Any]:
    """Without a limit of the program's, the answer may be as long as the model can make it."""
    request = json_tool.as_tool(request)
    if (request.temperature or 0) > _HOTTEST:
        raise Invalid(_TOO_HOT, "temperature")
    document = {
        "model": model,
        "max_tokens": request.max_tokens or limits_of(model).most_tokens,
        "system": request.system,
        "messages": [message for turn in request.turns if (message := _message(turn))["content"]],
        "tools": [_tool(tool) for tool in request.tools],
        "tool_choice": write_tool_choice(request) if request.tools else None,
        "temperature": request.temperature,
        "top_p": request.top_p,
        "stop_sequences": list(request.stop),
        "thinking": request.thinking,
        "metadata": {"user_id": request.user} if request.user else None,
    }
    return without_nothing(document) | ({"stream": True} if request.stream else {})


def _message(turn: Turn) -> dict[str, Any]:
    blocks = [block for block in turn.blocks if not isinstance(block, Thinking) or block.signature]
    match blocks:
        case [Text(text)]:
            return {"role": turn.role, "content": text}
    return {"role": turn.role, "content": [_block(block) for block in blocks]}


def _block(block: Block) -> dict[str, Any]:
    match block:
        case Text(text):
            return {"type": "text", "text": text}
        case Image():
            return {"type": "image", "source": _source(block)}
        case Thinking(text, signature, redacted):
            return write_thinking(text, signature, redacted)
        case ToolCall(call_id, name):
            arguments = tool_arguments(block)
            call_id = plain_call_id(call_id)
            return {"type": "tool_use", "id": call_id, "name": name, "input": arguments}
        case ToolResult(call_id, content, is_error):
            result = {"type": "tool_result", "tool_use_id": plain_call_id(call_id)}
            inner = [_block(part) for part in content]
            return result | without_nothing({"content": inner, "is_error": is_error or None})


def write_thinking(text: str, signature: str, redacted: bool) -> dict[str, Any]:
    if redacted:
        return {"type": "redacted_thinking", "data": signature}
    return {"type": "thinking", "thinking": text, "signature": signature}


def _source(image: Image) -> dict[str, Any]:
    if image.url:
        return {"type": "url", "url": image.url}
    return {"type": "base64", "media_type": image.media_type, "data": image.data}


def _tool(tool: Tool) -> dict[str, Any]:
    """A tool without arguments has an empty object as its schema."""
    schema = {"type": "object"} | tool.schema
    facts = {"name": tool.name, "description": tool.description, "input_schema": schema}
    return without_nothing(facts) | ({"strict": True} if tool.strict else {})


def write_tool_choice(request: ChatRequest) -> dict[str, Any] | None:
    choice = request.tool_choice or (
        ToolChoice("auto") if request.parallel_tools is False else None
    )
    if choice is None:
        return None
    written: dict[str, Any] = {"type": _CHOICES[choice.kind]}
    if choice.name:
        written["name"] = choice.name
    parallel = request.parallel_tools if choice.name != json_tool.NAME else False
    if parallel is not None and choice.kind != "none":
        written["disable_parallel_tool_use"] = not parallel
    return written
