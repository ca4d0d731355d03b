"""Reads a program's request: every part of it may be missing or of another type, and is named if it is."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from core.errors import Invalid
from core.providers.formats.request import Image, JsonFormat, Text, not_carried

_DATA_URL = re.compile(r"data:(image/[a-z0-9.+-]+);base64,(.*)", re.DOTALL | re.IGNORECASE)


def wrong(where: str, what: str) -> Invalid:
    return Invalid(f"`{where}` has to be {what}.", where)


def objects(
    document: Mapping[str, Any], name: str, where: str = ""
) -> list[tuple[str, dict[str, Any]]]:
    """The objects of a list, each with its place in words; none if there is no list."""
    found = document.get(name) or []
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise wrong(f"{where}{name}", "a list of objects")
    return [(f"{where}{name}[{place}]", one) for place, one in enumerate(found)]


def parts(content: Any, where: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The parts of a content, which may be a text in place of a list; none for null."""
    if isinstance(content, str):
        yield where, {"type": "text", "text": content}
    elif content is not None:
        yield from objects({"": content}, "", where)


def obj(document: Mapping[str, Any], name: str, where: str = "") -> dict[str, Any]:
    found = document.get(name)
    if found is not None and not isinstance(found, dict):
        raise wrong(f"{where}{name}", "an object")
    return found or {}


def text(document: Mapping[str, Any], name: str, where: str = "") -> str:
    """The string of that name, or an empty one."""
    found = document.get(name)
    if found is not None and not isinstance(found, str):
        raise wrong(f"{where}{name}", "a string")
    return found or ""


def needed(document: Mapping[str, Any], name: str, where: str = "") -> str:
    found = text(document, name, where)
    if not found:
        raise wrong(f"{where}{name}", "a string that is not empty")
    return found


def number(document: Mapping[str, Any], name: str) -> float | None:
    found = document.get(name)
    if found is not None and type(found) not in (int, float):
        raise wrong(name, "a number")
    return found


def count(document: Mapping[str, Any], name: str) -> int | None:
    found = document.get(name)
    if found is not None and (type(found) is not int or found < 1):
        raise wrong(name, "a whole number above 0")
    return found


def flag(document: Mapping[str, Any], name: str) -> bool | None:
    found = document.get(name)
    if found is not None and type(found) is not bool:
        raise wrong(name, "true or false")
    return found


def strings(document: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """A list of strings, or one by itself."""
    found = document.get(name) or []
    listed = [found] if isinstance(found, str) else found
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


def arguments_of(value: Any) -> str:
    """The arguments of a tool call, as an object, as JSON."""
    return json.dumps(value if value is not None else {}, ensure_ascii=False)
