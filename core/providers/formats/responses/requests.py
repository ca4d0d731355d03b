"""Writes a request in the responses format, as Perplexity's agent takes it too.

It has no stop sequences; that a tool failed is said in words. The provider has to store nothing.
Not written: thinking that another provider has sealed.
"""

from collections.abc import Iterator
from typing import Any

from core.providers.formats.encoding import without_nothing
from core.providers.formats.parsing import joined, url_of
from core.providers.formats.request import (
    Block,
    ChatRequest,
    Image,
    JsonFormat,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
    Turn,
    not_carried,
)


def write_request(request: ChatRequest, model: str) -> dict[str, Any]:
    if request.stop:
        raise not_carried("stop")
    document = {
        "model": model,
        "instructions": request.system,
        "input": [item for turn in request.turns for item in _items(turn)],
        "tools": [_tool(tool) for tool in request.tools],
        "tool_choice": _tool_choice(request.tool_choice) if request.tools else None,
        "parallel_tool_calls": request.parallel_tools if request.tools else None,
        "max_output_tokens": request.max_tokens,
        "temperature": request.temperature,
        "top_p": request.top_p,
        "text": {"format": _format(request.json)} if request.json else None,
        "reasoning": {"effort": request.effort} if request.effort else None,
        "user": request.user,
    }
    written = without_nothing(document) | {"store": False}
    return written | ({"stream": True} if request.stream else {})


def _items(turn: Turn) -> Iterator[dict[str, Any]]:
    """Messages, with the calls and results in their places among them."""
    content: list[Block] = []
    for block in turn.blocks:
        if isinstance(block, Text | Image):
            content.append(block)
            continue
        if isinstance(block, ToolCall | ToolResult) and content:
            yield _message(turn, content)
            content = []
        if isinstance(block, ToolCall):
            yield write_call(block)
        elif isinstance(block, ToolResult):
            yield _result(block)
    if content:
        yield _message(turn, content)


def _message(turn: Turn, blocks: list[Block]) -> dict[str, Any]:
    """A text alone is a string."""
    content: Any = joined(tuple(blocks))
    if any(isinstance(block, Image) for block in blocks):
        content = [_part(block) for block in blocks]
    return {"type": "message", "role": turn.role, "content": content}


def _part(block: Block) -> dict[str, Any]:
    if isinstance(block, Image):
        return {"type": "input_image", "image_url": url_of(block), "detail": "auto"}
    return {"type": "input_text", "text": joined((block,))}


def write_call(call: ToolCall) -> dict[str, Any]:
    return {
        "type": "function_call",
        "call_id": call.id,
        "name": call.name,
        "arguments": call.arguments or "{}",
    }


def _result(result: ToolResult) -> dict[str, Any]:
    blocks: list[Block] = [*result.content]
    if result.is_error and not joined(result.content).startswith("Error"):
        blocks.insert(0, Text("Error:"))
    output: Any = joined(tuple(blocks))
    if any(isinstance(block, Image) for block in blocks):
        output = [_part(block) for block in blocks]
    return {"type": "function_call_output", "call_id": result.call_id, "output": output}


def _tool(tool: Tool) -> dict[str, Any]:
    """`strict` is always said: here, the default would hold an arbitrary schema to strict rules."""
    facts = {"name": tool.name, "description": tool.description}
    written = {"type": "function", "parameters": tool.schema, "strict": bool(tool.strict)}
    return without_nothing(facts) | written


def _tool_choice(choice: ToolChoice | None) -> Any:
    if choice and choice.kind == "named":
        return {"type": "function", "name": choice.name}
    return choice.kind if choice else None


def _format(wanted: JsonFormat) -> dict[str, Any]:
    if wanted.schema is None:
        return {"type": "json_object"}
    facts = {"description": wanted.description, "strict": wanted.strict}
    return {"type": "json_schema", "name": wanted.name, "schema": wanted.schema} | without_nothing(
        facts
    )
