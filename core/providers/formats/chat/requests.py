"""Writes a request in the chat format.

It has no place for some things, which are written as what comes closest: images in a tool's result
follow in a message of their own, and that a tool failed is said in words. Not written: thinking that
another provider has sealed, and `user`, which some providers refuse as unknown.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from core.providers.formats.encoding import without_nothing
from core.providers.formats.limits import limits_of
from core.providers.formats.parsing import joined, url_of
from core.providers.formats.request import (
    Block,
    ChatRequest,
    Image,
    JsonFormat,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
    Turn,
)


def write_request(request: ChatRequest, model: str) -> dict[str, Any]:
    document = {
        "model": model,
        "messages": list(_messages(request)),
        "tools": [_tool(tool) for tool in request.tools],
        "tool_choice": _tool_choice(request.tool_choice) if request.tools else None,
        "parallel_tool_calls": request.parallel_tools if request.tools else None,
        request.output_limit_field or limits_of(model).field: request.max_tokens,
        "temperature": request.temperature,
        "top_p": request.top_p,
        "stop": list(request.stop),
        "response_format": _response_format(request.json),
        "reasoning_effort": request.effort,
    }
    if request.stream:
        document |= {"stream": True, "stream_options": {"include_usage": True}}
    return without_nothing(document)


def _messages(request: ChatRequest) -> Iterator[dict[str, Any]]:
    if request.system:
        yield {"role": "system", "content": request.system}
    for turn in request.turns:
        yield from _of_user(turn) if turn.role == "user" else [_of_assistant(turn)]


def _of_user(turn: Turn) -> Iterator[dict[str, Any]]:
    """Results have to follow their calls at once, so that their images come after all of them."""
    results = [block for block in turn.blocks if isinstance(block, ToolResult)]
    for result in results:
        yield {"role": "tool", "tool_call_id": result.call_id, "content": _result_text(result)}
    blocks: list[Block] = [block for result in results for block in _images_of(result)]
    blocks += [block for block in turn.blocks if not isinstance(block, ToolResult)]
    if blocks:
        yield {"role": "user", "content": _content(tuple(blocks))}


def _result_text(result: ToolResult) -> str:
    text = joined(result.content)
    return f"Error: {text}" if result.is_error and not text.startswith("Error") else text


def _images_of(result: ToolResult) -> list[Block]:
    images = [block for block in result.content if isinstance(block, Image)]
    return [Text(f"From the result of {result.call_id}:"), *images] if images else []


def _content(blocks: tuple[Block, ...]) -> str | list[dict[str, Any]]:
    """A text alone is a string: some providers take nothing else."""
    if not any(isinstance(block, Image) for block in blocks):
        return joined(blocks)
    return [part for block in blocks for part in _part(block)]


def _part(block: Block) -> Iterator[dict[str, Any]]:
    if isinstance(block, Text):
        yield {"type": "text", "text": block.text}
    elif isinstance(block, Image):
        yield {"type": "image_url", "image_url": {"url": url_of(block)}}


def _of_assistant(turn: Turn) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": joined(turn.blocks) or None}
    if thought := "".join(_thoughts(turn.blocks)):
        message["reasoning_content"] = thought
    calls = [block for block in turn.blocks if isinstance(block, ToolCall)]
    if calls:
        message["tool_calls"] = [write_call(call) for call in calls]
    elif message["content"] is None:
        message["content"] = ""
    return message


def _thoughts(blocks: Iterable[Block]) -> Iterator[str]:
    """Without a seal it came from a provider of this format, and some demand it back."""
    for block in blocks:
        if isinstance(block, Thinking) and not block.signature:
            yield block.text


def write_call(call: ToolCall) -> dict[str, Any]:
    function = {"name": call.name, "arguments": call.arguments or "{}"}
    return {"id": call.id, "type": "function", "function": function}


def _tool(tool: Tool) -> dict[str, Any]:
    function = {"name": tool.name, "description": tool.description, "parameters": tool.schema}
    strict = {"strict": True} if tool.strict else {}
    return {"type": "function", "function": without_nothing(function) | strict}


def _tool_choice(choice: ToolChoice | None) -> Any:
    if choice and choice.kind == "named":
        return {"type": "function", "function": {"name": choice.name}}
    return choice.kind if choice else None


def _response_format(wanted: JsonFormat | None) -> dict[str, Any] | None:
    if wanted is None or wanted.schema is None:
        return {"type": "json_object"} if wanted else None
    facts = {"name": wanted.name, "description": wanted.description, "strict": wanted.strict}
    return {
        "type": "json_schema",
        "json_schema": without_nothing(facts) | {"schema": wanted.schema},
    }
