"""Writes a request of Bedrock's Converse.

Its own words hold for every vendor's models; what only Claude knows goes into the additional fields.
Not written: thinking without a seal, and `user`, for which there is no place.
"""

from typing import Any

from core.errors import Invalid
from core.providers.formats import json_tool
from core.providers.formats.encoding import plain_call_id, without_nothing
from core.providers.formats.messages.requests import write_tool_choice
from core.providers.formats.request import (
    Block,
    ChatRequest,
    Image,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolResult,
    Turn,
    not_carried,
    tool_arguments,
)

_HOTTEST = 1
_TOO_HOT = "This model’s provider accepts a `temperature` of at most 1. Lower it."
_IMAGES = {"image/png": "png", "image/jpeg": "jpeg", "image/jpg": "jpeg"} | {
    f"image/{name}": name for name in ("gif", "webp")
}
_CACHE = {"cachePoint": {"type": "default"}}
_NO_OUTPUT = "(no output)"
_CHOICES = {"auto": "auto", "required": "any", "named": "tool"}


def write_request(request: ChatRequest, model: str) -> dict[str, Any]:
    """The model is in the address, and so is whether to stream: neither is in the body."""
    request = json_tool.as_tool(request)
    if (request.temperature or 0) > _HOTTEST:
        raise Invalid(_TOO_HOT, "temperature")
    limits = {
        "maxTokens": request.max_tokens,
        "temperature": request.temperature,
        "topP": request.top_p,
        "stopSequences": list(request.stop),
    }
    is_claude = "claude" in model
    for_claude = _for_claude(request) if is_claude else _for_others(request)
    document = {
        "system": [{"text": request.system}] if request.system else [],
        "messages": [message for turn in request.turns if (message := _message(turn))["content"]],
        "inferenceConfig": without_nothing(limits),
        "toolConfig": _tools(request, "tool_choice" in for_claude),
        "additionalModelRequestFields": for_claude,
    }
    return without_nothing(_with_cache(document) if request.cache and is_claude else document)


def _with_cache(document: dict[str, Any]) -> dict[str, Any]:
    """Kept after the tools, the instructions and the last turn: what a next turn begins with."""
    last = [one["content"] for one in document["messages"][-1:] if one["role"] == "user"]
    for blocks in (document["system"], document["toolConfig"].get("tools", []), *last):
        if blocks:
            blocks.append(_CACHE)
    return document


def _for_claude(request: ChatRequest) -> dict[str, Any]:
    """Converse cannot rule out tools, or several at once, but hands Claude's own words on."""
    is_none = request.tool_choice is not None and request.tool_choice.kind == "none"
    choice = write_tool_choice(request) if is_none or request.parallel_tools is False else None
    return without_nothing(
        {"thinking": request.thinking, "tool_choice": choice if request.tools else None}
    )


def _for_others(request: ChatRequest) -> dict[str, Any]:
    if request.tools and request.parallel_tools is False:
        raise not_carried("parallel_tool_calls")
    return {}


def _tools(request: ChatRequest, is_chosen: bool) -> dict[str, Any]:
    choice = request.tool_choice
    if not request.tools:
        return {}
    tools = {"tools": [_tool(tool) for tool in request.tools]}
    if is_chosen or choice is None:
        return tools
    if choice.kind != "none":
        facts = {"name": choice.name} if choice.name else {}
        return tools | {"toolChoice": {_CHOICES[choice.kind]: facts}}
    if any(isinstance(block, ToolCall) for turn in request.turns for block in turn.blocks):
        raise not_carried("tool_choice")  # Calls in the past need the tools to be there.
    return {}


def _tool(tool: Tool) -> dict[str, Any]:
    schema = {"json": {"type": "object"} | tool.schema}
    facts = {"name": tool.name, "description": tool.description, "inputSchema": schema}
    return {"toolSpec": without_nothing(facts) | ({"strict": True} if tool.strict else {})}


def _message(turn: Turn) -> dict[str, Any]:
    blocks = [block for block in turn.blocks if not isinstance(block, Thinking) or block.signature]
    return {"role": turn.role, "content": [_block(block) for block in blocks]}


def _block(block: Block) -> dict[str, Any]:
    match block:
        case Text(text):
            return {"text": text}
        case Image():
            return {"image": _image(block)}
        case Thinking(text, signature, redacted):
            sealed = {"reasoningText": {"text": text, "signature": signature}}
            return {"reasoningContent": {"redactedContent": signature} if redacted else sealed}
        case ToolCall(call_id, name):
            arguments = tool_arguments(block)
            return {
                "toolUse": {"toolUseId": plain_call_id(call_id), "name": name, "input": arguments}
            }
        case ToolResult():
            return {"toolResult": _result(block)}


def _image(image: Image) -> dict[str, Any]:
    if image.url:
        message = (
            "This model’s provider doesn’t accept image URLs. Send the image itself, in base64."
        )
        raise Invalid(message, "image_url")
    if image.media_type not in _IMAGES:
        message = "This model’s provider accepts only PNG, JPEG, GIF and WebP images."
        raise Invalid(message, "image_url")
    return {"format": _IMAGES[image.media_type], "source": {"bytes": image.data}}


def _result(result: ToolResult) -> dict[str, Any]:
    """An empty text is refused, and so is no content at all."""
    content = [_block(block) for block in result.content]
    return {
        "toolUseId": plain_call_id(result.call_id),
        "content": content or [{"text": _NO_OUTPUT}],
        "status": "error" if result.is_error else "success",
    }
