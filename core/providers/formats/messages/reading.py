"""Reads a program's request in the messages format, as Claude Code and Anthropic's SDKs send it."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from core.errors import Invalid
from core.providers.formats import parsing
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
    merged,
    not_carried,
    refuse_others,
)

HARMLESS = frozenset(
    {
        "service_tier", "speed",  # only speed and price
        "context_management",  # what to forget of a long conversation: all of it is sent
        "diagnostics",  # about the cache
    }
)  # fmt: skip
"""And in blocks the citations of an answer that come back; how hard to think."""
_CARRIED = frozenset(
    {
        "model", "messages", "system", "tools", "tool_choice", "max_tokens", "temperature", "top_p",
        "stop_sequences", "output_config", "output_format", "thinking", "metadata", "cache_control",
        "stream",
    }
)  # fmt: skip
_IN_TOOLS = frozenset(
    {
        "type", "name", "description", "input_schema", "strict", "cache_control",
        "eager_input_streaming", "input_examples", "allowed_callers",
    }
)  # fmt: skip
_IN_CHOICES = frozenset({"type", "name", "disable_parallel_tool_use"})
_CHOICES: dict[Any, Literal["auto", "required", "none", "named"]] = {
    "auto": "auto",
    "any": "required",
    "none": "none",
    "tool": "named",
}


class ThreadNotHeld(Invalid):
    """No conversation is stored here. On this code, Anthropic's SDK sends all of it each time."""

    code = "thread_unsupported_request"
    sentence = "This model’s provider doesn’t store `thread`. Send the whole conversation instead."


def read_request(document: Mapping[str, Any]) -> ChatRequest:
    if document.get("thread"):
        raise ThreadNotHeld(field="thread")
    refuse_others(document, _CARRIED | HARMLESS)
    messages = parsing.objects(document, "messages")
    # Claude Code sends some of its instructions as a message among the others.
    instructions, turns = parsing.split(messages, lambda one: one.get("role") == "system")
    contents = [("system", document.get("system"))]
    contents += [(f"{where}.content", one.get("content")) for where, one in instructions]
    choice = parsing.obj(document, "tool_choice")
    refuse_others(choice, _IN_CHOICES, "tool_choice.")
    parallel = parsing.flag(choice, "disable_parallel_tool_use")
    marked = [document, document.get("system"), document.get("tools")]
    marked += [one.get("content") for _, one in messages]
    return ChatRequest(
        system=parsing.system_of(_contents(*content) for content in contents),
        turns=merged(_turn(*message) for message in turns),
        tools=tuple(_tool(*tool) for tool in parsing.objects(document, "tools")),
        tool_choice=_tool_choice(choice),
        parallel_tools=None if parallel is None else not parallel,
        max_tokens=parsing.count(document, "max_tokens"),
        temperature=parsing.number(document, "temperature"),
        top_p=parsing.number(document, "top_p"),
        stop=parsing.strings(document, "stop_sequences"),
        json=_json(document),
        thinking=parsing.obj(document, "thinking"),
        cache=any(map(_marks_cache, marked)),
        user=parsing.text(parsing.obj(document, "metadata"), "user_id", "metadata."),
        stream=bool(parsing.flag(document, "stream")),
    )


def _marks_cache(holder: Any) -> bool:
    """Which parts are marked is left to the writer: a few cache points do for all of them."""
    parts = holder if isinstance(holder, list) else [holder]
    return any(isinstance(part, dict) and bool(part.get("cache_control")) for part in parts)


def _turn(where: str, message: dict[str, Any]) -> Turn:
    refuse_others(message, {"role", "content"}, f"{where}.")
    role = message.get("role")
    if role not in ("user", "assistant"):
        raise parsing.wrong(f"{where}.role", "user, assistant or system")
    content = parsing.parts(message.get("content"), f"{where}.content")
    return Turn(role, tuple(_block(*part) for part in content))


def _block(where: str, part: dict[str, Any]) -> Block:
    kind, prefix = part.get("type"), f"{where}."
    if kind == "tool_use":
        call_id, name = (parsing.needed(part, member, prefix) for member in ("id", "name"))
        arguments = parsing.obj(part, "input", prefix)
        return ToolCall(call_id, name, json.dumps(arguments, ensure_ascii=False))
    if kind == "tool_result":
        call_id = parsing.needed(part, "tool_use_id", prefix)
        content = tuple(_contents(f"{where}.content", part.get("content")))
        return ToolResult(call_id, content, bool(parsing.flag(part, "is_error")))
    if kind == "thinking":
        signature = parsing.text(part, "signature", prefix)
        return Thinking(parsing.text(part, "thinking", prefix), signature)
    if kind == "redacted_thinking":
        return Thinking("", parsing.text(part, "data", prefix), redacted=True)
    return _text_or_image(where, part)


def _contents(where: str, content: Any) -> Iterator[Text | Image]:
    return (_text_or_image(*part) for part in parsing.parts(content, where))


def _text_or_image(where: str, part: dict[str, Any]) -> Text | Image:
    kind = part.get("type")
    if kind == "text":
        return Text(parsing.text(part, "text", f"{where}."))
    if kind != "image":
        raise not_carried(f"{where}.type", kind)
    source = parsing.obj(part, "source", f"{where}.")
    if source.get("type") == "url":
        return parsing.image_of(parsing.text(source, "url"), f"{where}.source.url")
    if source.get("type") != "base64":
        raise not_carried(f"{where}.source.type")
    place = f"{where}.source."
    media_type, data = (parsing.needed(source, name, place) for name in ("media_type", "data"))
    return Image(media_type=media_type, data=data)


def _tool(where: str, tool: dict[str, Any]) -> Tool:
    """The program's own tools: those of another type run at the provider, or only it knows them."""
    if tool.get("type", "custom") not in (None, "custom"):
        raise not_carried(f"{where}.type", tool["type"])
    refuse_others(tool, _IN_TOOLS, f"{where}.")
    return parsing.tool(tool, f"{where}.", "input_schema")


def _tool_choice(choice: dict[str, Any]) -> ToolChoice | None:
    if not choice:
        return None
    kind = parsing.text(choice, "type", "tool_choice.")
    if kind not in _CHOICES:
        raise parsing.wrong("tool_choice.type", "auto, any, tool or none")
    name = parsing.needed(choice, "name", "tool_choice.") if kind == "tool" else ""
    return ToolChoice(_CHOICES[kind], name)


def _json(document: Mapping[str, Any]) -> JsonFormat | None:
    config = parsing.obj(document, "output_config")
    refuse_others(config, {"format", "effort"}, "output_config.")
    schema = parsing.obj(config, "format", "output_config.")
    schema = schema or parsing.obj(document, "output_format")
    json_format = parsing.json_format(schema, "output_config.format")
    return JsonFormat(json_format.schema, strict=True) if json_format else None
