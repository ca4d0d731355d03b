"""Functions in a namespace, as Codex names its own, under one name: other formats know no namespaces.

`agents` and `spawn` become `agents--spawn`, and a call of that is told apart again for the program.
What holds the mark without a namespace gets an empty one, so that nothing is ever mistaken.
"""

from collections.abc import Iterator
from typing import Any

from core.providers.formats import parsing
from core.providers.formats.request import not_carried, refuse_others

MARK = "--"
_IN_NAMESPACE = frozenset({"type", "name", "description", "tools"})


def opened(where: str, tool: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], str]]:
    """The tools of a namespace, or the tool itself: each with its place and its namespace."""
    if tool.get("type") != "namespace":
        yield where, tool, ""
        return
    refuse_others(tool, _IN_NAMESPACE, f"{where}.")
    space = parsing.needed(tool, "name", f"{where}.")
    if MARK in space:
        raise not_carried(f"{where}.name", space)
    for place, one in parsing.objects(tool, "tools", f"{where}."):
        yield place, one, space


def joined(space: str, name: str) -> str:
    return f"{space}{MARK}{name}" if space or MARK in name else name


def parted(name: str) -> dict[str, str]:
    """The members of a function call that name it."""
    space, mark, own = name.partition(MARK)
    if not mark:
        return {"name": name}
    return {"name": own} | ({"namespace": space} if space else {})
