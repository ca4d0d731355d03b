"""JSON answers of providers without a JSON mode that all their models know: by a tool.

A call of a tool is JSON, and its input is held to a schema; asking for JSON in words is neither. The
providers' own structured output knows only some models and some schemas, and no JSON without one.
So the model is made to call this tool, and its input is the answer: what comes back is text again.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from core.providers.formats.request import (
    ChatRequest,
    JsonFormat,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolChoice,
    not_carried,
)
from core.providers.formats.response import (
    BlockEnd,
    ChatResponse,
    Part,
    Stop,
    TextDelta,
    ToolBegin,
    ToolDelta,
)

NAME = "answer_in_json"
_DESCRIPTION = "Gives your answer. Its input is the whole of the answer: nothing else is read."


def as_tool(request: ChatRequest) -> ChatRequest:
    """The same with the tool in place of the JSON mode.

    With tools of the program's own, the model has to call one of them or to answer; where the program
    insists on one of them, there is no answer to be in JSON.
    """
    if request.json is None:
        return request
    wish = request.tool_choice.kind if request.tools and request.tool_choice else "auto"
    if wish in ("required", "named"):
        return replace(request, json=None)
    is_free = bool(request.tools) and wish == "auto"
    return replace(
        request,
        json=None,
        tools=(*request.tools, _tool(request.json)),
        tool_choice=ToolChoice("required") if is_free else ToolChoice("named", NAME),
    )


def _tool(wanted: JsonFormat) -> Tool:
    schema = wanted.schema or {}
    if schema.get("type", "object") != "object":
        raise not_carried("response_format")
    description = f"{_DESCRIPTION} {wanted.description}".strip()
    return Tool(NAME, description, {"type": "object"} | schema, wanted.strict)


def answer_as_text(response: ChatResponse) -> ChatResponse:
    """An answer with the input of that tool as its text."""
    blocks = tuple(_as_text(block) for block in response.blocks)
    if blocks == response.blocks or any(isinstance(block, ToolCall) for block in blocks):
        return replace(response, blocks=blocks)
    return replace(response, blocks=blocks, stop=_stop(response.stop))


def _as_text(block: Text | Thinking | ToolCall) -> Text | Thinking | ToolCall:
    if isinstance(block, ToolCall) and block.name == NAME:
        return Text(block.arguments)
    return block


def parts_as_text(parts: Iterable[Part]) -> Iterator[Part]:
    """The same for a stream."""
    inside = was_answer = was_other = False
    for part in parts:
        if isinstance(part, ToolBegin):
            inside = part.name == NAME
            was_answer, was_other = was_answer or inside, was_other or not inside
            yield BlockEnd() if inside else part
        elif isinstance(part, ToolDelta) and inside:
            yield TextDelta(part.arguments)
        elif isinstance(part, Stop) and was_answer and not was_other:
            yield _stop(part)
        else:
            yield part


def _stop(stop: Stop) -> Stop:
    return Stop("end") if stop.reason == "tool" else stop
