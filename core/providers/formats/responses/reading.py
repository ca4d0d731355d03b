"""Reads a program's request in the responses format."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
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
from core.providers.formats.responses import namespaces, seals

HARMLESS = frozenset(
    {
        "metadata", "store", "client_metadata",  # kept at the provider; what builds on it is refused
        "service_tier", "prompt_cache_key", "prompt_cache_options", "prompt_cache_retention",
        "safety_identifier",  # the same as `user`, which is carried
        "stream_options",  # only how a stream is padded
        "truncation",  # what to do with too long an input: it is refused, as by default
        "max_tool_calls",  # of tools that run at the provider, which are refused
    }
)  # fmt: skip
"""And in `reasoning` what summary to show, in `text` how long-winded to be."""
_CARRIED = frozenset(
    {
        "model", "input", "instructions", "tools", "tool_choice", "parallel_tool_calls",
        "max_output_tokens", "temperature", "top_p", "text", "reasoning", "include", "user", "stream",
    }
)  # fmt: skip
_INCLUDED = frozenset({"reasoning.encrypted_content"})
_INSTRUCTIONS = ("system", "developer")
_IN_TOOLS = frozenset({"type", "name", "description", "parameters", "strict", "output_schema"})


def read_request(document: Mapping[str, Any]) -> ChatRequest:
    refuse_others(document, _CARRIED | HARMLESS)
    for name in set(parsing.strings(document, "include")) - _INCLUDED:
        raise not_carried(f"include: {name}")
    text = parsing.obj(document, "text")
    refuse_others(text, {"format", "verbosity"}, "text.")
    content = document.get("input")
    if isinstance(content, str):
        content = [{"role": "user", "content": content}]
    items = parsing.objects({"input": content}, "input")
    instructions, turns = parsing.split(items, _instructs)
    system: list[list[Text | Image]] = [[Text(parsing.text(document, "instructions"))]]
    system += [
        list(_contents(f"{where}.content", one.get("content"))) for where, one in instructions
    ]
    return ChatRequest(
        system=parsing.system_of(system),
        turns=merged(_turn(*item) for item in turns),
        tools=tuple(_tools(document)),
        tool_choice=parsing.tool_choice(document.get("tool_choice"), _chosen_name),
        parallel_tools=parsing.flag(document, "parallel_tool_calls"),
        max_tokens=parsing.count(document, "max_output_tokens"),
        temperature=parsing.number(document, "temperature"),
        top_p=parsing.number(document, "top_p"),
        json=parsing.json_format(parsing.obj(text, "format", "text."), "text.format"),
        effort=parsing.text(parsing.obj(document, "reasoning"), "effort", "reasoning."),
        user=parsing.text(document, "user"),
        stream=bool(parsing.flag(document, "stream")),
    )


def _instructs(item: Mapping[str, Any]) -> bool:
    return item.get("role") in _INSTRUCTIONS and item.get("type", "message") == "message"


def _turn(where: str, item: dict[str, Any]) -> Turn:
    kind = item.get("type", "message")
    if kind == "message":
        role = item.get("role")
        if role not in ("user", "assistant"):
            raise parsing.wrong(f"{where}.role", "system, developer, user or assistant")
        return Turn(role, tuple(_contents(f"{where}.content", item.get("content"))))
    if kind == "function_call":
        names = ("call_id", "name")
        call_id, name = (parsing.needed(item, member, f"{where}.") for member in names)
        name = namespaces.joined(parsing.text(item, "namespace", f"{where}."), name)
        call = ToolCall(call_id, name, parsing.text(item, "arguments", f"{where}."))
        return Turn("assistant", (call,))
    if kind == "function_call_output":
        content = tuple(_contents(f"{where}.output", item.get("output")))
        call_id = parsing.needed(item, "call_id", f"{where}.")
        return Turn("user", (ToolResult(call_id, content),))
    if kind == "reasoning":
        return Turn("assistant", tuple(_thinking(where, item)))
    raise not_carried(f"{where}.type", kind)


def _contents(where: str, content: Any) -> Iterator[Text | Image]:
    if isinstance(content, str):
        yield Text(content)
        return
    for place, part in parsing.objects({"": content}, "", where):
        kind = part.get("type")
        if kind in ("input_text", "output_text", "text"):
            yield Text(parsing.text(part, "text", f"{place}."))
        elif kind == "refusal":
            yield Text(parsing.text(part, "refusal", f"{place}."))
        elif kind == "input_image" and not part.get("file_id"):
            url = parsing.text(part, "image_url", f"{place}.")
            yield parsing.image_of(url, f"{place}.image_url")
        else:
            raise not_carried(f"{place}.type", kind)


def _thinking(where: str, item: dict[str, Any]) -> Iterator[Block]:
    encrypted = parsing.text(item, "encrypted_content", f"{where}.")
    if seals.is_foreign(encrypted):
        return
    pieces = parsing.objects(item, "summary", f"{where}.") + parsing.objects(
        item, "content", f"{where}."
    )
    text = "".join(parsing.text(piece, "text", f"{place}.") for place, piece in pieces)
    if text or encrypted:
        yield Thinking(text, seals.signature_in(encrypted))


def _tools(document: Mapping[str, Any]) -> Iterator[Tool]:
    """The program's own functions: others run at the provider, or have a grammar of their own."""
    for where, listed in parsing.objects(document, "tools"):
        # Codex offers a search of the pages that OpenAI has stored: no other provider has them.
        if listed.get("type") == "web_search" and listed.get("external_web_access") is False:
            continue
        for place, one, space in namespaces.opened(where, listed):
            if one.get("type") != "function":
                raise not_carried(f"{place}.type", one.get("type"))
            refuse_others(one, _IN_TOOLS, f"{place}.")
            tool = parsing.tool(one, f"{place}.")
            yield replace(tool, name=namespaces.joined(space, tool.name))


def _chosen_name(choice: dict[str, Any]) -> str:
    name = parsing.needed(choice, "name", "tool_choice.")
    return namespaces.joined(parsing.text(choice, "namespace", "tool_choice."), name)
