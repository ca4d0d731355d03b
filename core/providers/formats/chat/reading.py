"""Reads a program's request in the chat format."""

from collections.abc import Iterator, Mapping
from typing import Any

from core.providers.formats import parsing
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
    merged,
    not_carried,
    refuse_others,
)

HARMLESS = frozenset(
    {
        "metadata", "store",  # kept at the provider, for its own pages
        "service_tier", "prediction", "prompt_cache_key", "prompt_cache_options",  # only speed and price
        "prompt_cache_retention",
        "safety_identifier",  # the same as `user`, which is carried
        "verbosity",  # a hint that one family of models knows
    }
)  # fmt: skip
_CARRIED = frozenset(
    {
        "model", "messages", "tools", "tool_choice", "parallel_tool_calls", "max_tokens",
        "max_completion_tokens", "temperature", "top_p", "stop", "response_format",
        "reasoning_effort", "user", "stream", "stream_options",
    }
)  # fmt: skip
_AS_GOOD_AS_ABSENT = {"n": 1, "modalities": ["text"]}
_IN_MESSAGES = frozenset(
    {"role", "content", "name", "tool_calls", "tool_call_id", "refusal", "annotations"}
    | {"reasoning_content", "reasoning", "reasoning_details"}
)
"""A message's `name` tells people in it apart, for which no other format has a place."""
_INSTRUCTIONS = ("system", "developer")


def read_request(document: Mapping[str, Any]) -> ChatRequest:
    present = {
        name: value
        for name, value in document.items()
        if name not in _AS_GOOD_AS_ABSENT or value != _AS_GOOD_AS_ABSENT[name]
    }
    refuse_others(present, _CARRIED | HARMLESS)
    messages = parsing.objects(document, "messages")
    instructions, turns = parsing.split(messages, lambda one: one.get("role") in _INSTRUCTIONS)
    return ChatRequest(
        system=parsing.system_of(_contents(*message) for message in instructions),
        turns=merged(_turn(*message) for message in turns),
        tools=tuple(_tool(*tool) for tool in parsing.objects(document, "tools")),
        tool_choice=parsing.tool_choice(document.get("tool_choice"), _chosen_name),
        parallel_tools=parsing.flag(document, "parallel_tool_calls"),
        max_tokens=parsing.count(document, "max_completion_tokens")
        or parsing.count(document, "max_tokens"),
        temperature=parsing.number(document, "temperature"),
        top_p=parsing.number(document, "top_p"),
        stop=parsing.strings(document, "stop"),
        json=parsing.json_format(
            parsing.obj(document, "response_format"), "response_format", "json_schema"
        ),
        effort=parsing.text(document, "reasoning_effort"),
        user=parsing.text(document, "user"),
        stream=bool(parsing.flag(document, "stream")),
        include_usage=bool(parsing.obj(document, "stream_options").get("include_usage")),
    )


def _turn(where: str, message: dict[str, Any]) -> Turn:
    refuse_others(message, _IN_MESSAGES, f"{where}.")
    role = message.get("role")
    if role == "user":
        return Turn("user", tuple(_contents(where, message)))
    if role == "tool":
        call_id = parsing.needed(message, "tool_call_id", f"{where}.")
        return Turn("user", (ToolResult(call_id, tuple(_contents(where, message))),))
    if role == "assistant":
        return Turn("assistant", tuple(_assistant_blocks(where, message)))
    raise parsing.wrong(f"{where}.role", "system, developer, user, assistant or tool")


def _assistant_blocks(where: str, message: dict[str, Any]) -> Iterator[Block]:
    reasoning = message.get("reasoning_content") or message.get("reasoning")
    if reasoning and isinstance(reasoning, str):
        yield Thinking(reasoning)
    yield from _contents(where, message)
    if refusal := parsing.text(message, "refusal", f"{where}."):
        yield Text(refusal)
    for place, call in parsing.objects(message, "tool_calls", f"{where}."):
        if call.get("type", "function") != "function":
            raise not_carried(f"{place}.type", call["type"])
        function = parsing.obj(call, "function", f"{place}.")
        yield ToolCall(
            parsing.needed(call, "id", f"{place}."),
            parsing.needed(function, "name", f"{place}.function."),
            parsing.text(function, "arguments", f"{place}.function."),
        )


def _contents(where: str, message: dict[str, Any]) -> Iterator[Text | Image]:
    for place, part in parsing.parts(message.get("content"), f"{where}.content"):
        kind = part.get("type")
        if kind in ("text", "refusal"):
            yield Text(parsing.text(part, kind, f"{place}."))
        elif kind == "image_url":
            url = parsing.text(parsing.obj(part, "image_url", f"{place}."), "url", f"{place}.")
            yield parsing.image_of(url, f"{place}.image_url.url")
        else:
            raise not_carried(f"{place}.type", kind)


def _tool(where: str, tool: dict[str, Any]) -> Tool:
    if tool.get("type") != "function":
        raise not_carried(f"{where}.type", tool.get("type"))
    return parsing.tool(parsing.obj(tool, "function", f"{where}."), f"{where}.function.")


def _chosen_name(choice: dict[str, Any]) -> str:
    function = parsing.obj(choice, "function", "tool_choice.")
    return parsing.needed(function, "name", "tool_choice.function.")
