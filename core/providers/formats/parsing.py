"""Reads the parts of a client's request. A part of the wrong type raises an `Invalid` that names it."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from core.errors import Invalid
from core.providers.formats.request import (
    Image,
    JsonFormat,
    Text,
    Tool,
    ToolChoice,
    not_carried,
)

_DATA_URL = re.compile(r"data:(image/[a-z0-9.+-]+);base64,(.*)", re.DOTALL | re.IGNORECASE)


Located = tuple[str, dict[str, Any]]
"""An object of a request, after the words that say where it is: `messages[2]`."""


def wrong(where: str, what: str) -> Invalid:
    return Invalid(f"`{where}` must be {what}.", where)


def objects(document: Mapping[str, Any], name: str, where: str = "") -> list[Located]:
    """The objects of a list, each with its place in words; none if there is no list."""
    listed = document.get(name) or []
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise wrong(f"{where}{name}", "a list of objects")
    return [(f"{where}{name}[{index}]", one) for index, one in enumerate(listed)]


def parts(content: Any, where: str) -> Iterator[Located]:
    """The parts of a content, which may be a text in place of a list; none for null."""
    if isinstance(content, str):
        yield where, {"type": "text", "text": content}
    elif content is not None:
        yield from objects({"": content}, "", where)


def obj(document: Mapping[str, Any], name: str, where: str = "") -> dict[str, Any]:
    value = document.get(name)
    if value is not None and not isinstance(value, dict):
        raise wrong(f"{where}{name}", "an object")
    return value or {}


def text(document: Mapping[str, Any], name: str, where: str = "") -> str:
    """The string of that name, or an empty one."""
    value = document.get(name)
    if value is not None and not isinstance(value, str):
        raise wrong(f"{where}{name}", "a string")
    return value or ""


def needed(document: Mapping[str, Any], name: str, where: str = "") -> str:
    value = text(document, name, where)
    if not value:
        raise wrong(f"{where}{name}", "a string that is not empty")
    return value


def number(document: Mapping[str, Any], name: str) -> float | None:
    value = document.get(name)
    if value is not None and type(value) not in (int, float):
        raise wrong(name, "a number")
    return value


def count(document: Mapping[str, Any], name: str) -> int | None:
    value = document.get(name)
    if value is not None and (type(value) is not int or value < 1):
        raise wrong(name, "a whole number above 0")
    return value


def flag(document: Mapping[str, Any], name: str) -> bool | None:
    value = document.get(name)
    if value is not None and type(value) is not bool:
        raise wrong(name, "true or false")
    return value


def strings(document: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """A list of strings, or one by itself."""
    value = document.get(name) or []
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, list) or not all(isinstance(one, str) for one in listed):
        raise wrong(name, "a string or a list of strings")
    return tuple(listed)


def image_of(url: str, where: str) -> Image:
    """An image by its address, which may hold its data."""
    if match := _DATA_URL.fullmatch(url):
        return Image(media_type=match[1].lower(), data=match[2])
    if not url.startswith(("https://", "http://")):
        raise wrong(where, "the address of an image, or a data: URL of one in base64")
    return Image(url=url)


def url_of(image: Image) -> str:
    return image.url or f"data:{image.media_type};base64,{image.data}"


def joined(blocks: tuple[Any, ...]) -> str:
    """The texts among blocks as one, for providers that take a text only."""
    return "\n\n".join(block.text for block in blocks if isinstance(block, Text))


def split(
    messages: list[Located], instructs: Callable[[dict[str, Any]], bool]
) -> tuple[list[Located], list[Located]]:
    """The messages that instruct the model, and the turns of the conversation."""
    return (
        [message for message in messages if instructs(message[1])],
        [message for message in messages if not instructs(message[1])],
    )


def system_of(contents: Iterable[Iterable[Any]]) -> str:
    """The texts of several instructions as one, for providers that take one only."""
    return "\n\n".join(filter(None, (joined(tuple(blocks)) for blocks in contents)))


def json_format(document: Mapping[str, Any], where: str, nested: str = "") -> JsonFormat | None:
    """OpenAI's `response_format`, or what stands for it; `nested` names where the schema's facts are."""
    kind = text(document, "type", f"{where}.")
    if kind in ("", "text"):
        return None
    if kind == "json_object":
        return JsonFormat()
    if kind != "json_schema":
        raise not_carried(f"{where}.type", kind)
    facts = obj(document, nested, f"{where}.") if nested else document
    return JsonFormat(
        obj(facts, "schema", f"{where}."),
        text(facts, "name", f"{where}.") or "answer",
        text(facts, "description", f"{where}."),
        flag(facts, "strict"),
    )


def tool(facts: Mapping[str, Any], where: str, schema: str = "parameters") -> Tool:
    """The program's own function that an object describes; `schema` names its JSON schema."""
    return Tool(
        needed(facts, "name", where),
        text(facts, "description", where),
        obj(facts, schema, where),
        flag(facts, "strict"),
    )


def tool_choice(choice: Any, name_in: Callable[[dict[str, Any]], str]) -> ToolChoice | None:
    """OpenAI's `tool_choice`; `name_in` reads the name of a function that has to be called."""
    if choice is None:
        return None
    if choice in ("auto", "none", "required"):
        return ToolChoice(choice)
    if not isinstance(choice, dict) or choice.get("type") != "function":
        raise not_carried("tool_choice")
    return ToolChoice("named", name_in(choice))
