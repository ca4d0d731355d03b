"""Reading JSON that nobody vouches for: any part may be missing, of another type, or absurd."""

import json
from typing import Any

_LARGEST_COUNT = 10**9


class Malformed(ValueError):
    """The provider sent something that is not its own format. Says nothing of what."""


def parse_object(data: str | bytes) -> dict[str, Any]:
    """A JSON object. Raises `Malformed`."""
    return _object(_parse(data))


def parse_answer(data: str | bytes) -> dict[str, Any]:
    """A JSON object, or the only one in an array: Google wraps its errors so. Raises `Malformed`."""
    document = _parse(data)
    if isinstance(document, dict):
        return document
    return _object(document[0] if isinstance(document, list) and len(document) == 1 else None)


def repeated_member(data: str | bytes) -> str:
    """The name of a field that occurs twice in one object, at any depth; "" if there is none.

    Parsers differ in which of the two they use. Raises `Malformed`.
    """
    try:
        json.loads(data, object_pairs_hook=_members_once)
    except _Repeated as repeated:
        return str(repeated.args[0])
    except (ValueError, RecursionError):
        raise Malformed from None
    return ""


class _Repeated(Exception):
    pass


def _members_once(members: list[tuple[str, Any]]) -> None:
    seen: set[str] = set()
    for name, _ in members:
        if name in seen:
            raise _Repeated(name)
        seen.add(name)


def _parse(data: str | bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        raise Malformed from None


def _object(document: Any) -> dict[str, Any]:
    if not isinstance(document, dict):
        raise Malformed
    return document


def at(document: Any, *path: str | int) -> Any:
    """What stands at a path of members and positions, or None if there is nothing such."""
    for step in path:
        fits = isinstance(document, dict if isinstance(step, str) else list)
        try:
            document = document[step] if fits else None
        except LookupError:
            return None
    return document


def text_at(document: Any, *path: str | int) -> str:
    """The string at a path, or an empty one."""
    found = at(document, *path)
    return storable(found) if isinstance(found, str) else ""


def list_at(document: Any, *path: str | int) -> list[Any]:
    """The list at a path, or an empty one."""
    found = at(document, *path)
    return found if isinstance(found, list) else []


def count_at(document: Any, *path: str | int) -> int | None:
    """The count at a path: a whole number that is not negative and fits a database column."""
    found = at(document, *path)
    return found if type(found) is int and 0 <= found <= _LARGEST_COUNT else None


def storable(text: str) -> str:
    """The text without what JSON can say and UTF-8 or PostgreSQL cannot: half characters, NUL."""
    if text.isascii():
        return text.replace("\0", "")
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return whole.replace("\0", "")
