"""No regular expression of ours takes more than linear time: each is tried on 64 kB of what is worst for it."""

import ast
import importlib
import re
import time
from collections.abc import Iterator
from functools import cache
from re import _constants, _parser  # type: ignore[attr-defined]
from typing import Any

import pytest

from core.providers import catalogue
from tests.house.sources import Source, sources

SIZE, MOST_SECONDS = 65_536, 0.05
USES = ("search", "match", "fullmatch", "split", "sub", "subn", "findall", "finditer")
ANYWHERE = " \t\n0aA_-.\"'()[]{}<>\\é\0"
DYNAMIC = {
    "wrong.pattern": [shape.pattern for shape in catalogue.foreign_keys()],
    "shape.pattern": [shape.pattern for shape in catalogue.foreign_keys()],
    "re.escape(upstream_id) + '-(\\\\d{8}|\\\\d{4}-\\\\d{2}-\\\\d{2})'": [
        r"gpt\-5-(\d{8}|\d{4}-\d{2}-\d{2})"
    ],
    "f'(.+): ({re.escape(address)}/\\\\S+)'": [r"(.+): (https://chat\.example/\S+)"],
    "b'(\"model\"\\\\s*:\\\\s*)' + name": [rb'("model"\s*:\s*)"gpt\-5"'],
}
"""Expressions that are put together while the product runs, by their source, as they are then."""


def expressions() -> Iterator[tuple[str, str, Any]]:
    """Where each is, how it is used, and what it is: a compiled one as often as it is used."""
    for source in sources():
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Call) and _function(node).startswith("re."):
                yield from _of_call(source, node)


def _of_call(source: Source, call: ast.Call) -> Iterator[tuple[str, str, Any]]:
    use, where = _function(call).partition(".")[2], f"{source.name}:{call.lineno}"
    if use == "compile":
        for pattern in _values(source, call):
            for used in _uses_of(source, call):
                yield where, used, pattern
    elif use in USES:
        yield from ((where, use, pattern) for pattern in _values(source, call.args[0]))


def _function(call: ast.Call) -> str:
    return ast.unparse(call.func)


def _values(source: Source, expression: ast.expr) -> list[Any]:
    """What the expression gives in its module; several, or as `DYNAMIC` has it."""
    text = ast.unparse(expression)
    inner = ast.unparse(expression.args[0]) if isinstance(expression, ast.Call) else text
    if inner in DYNAMIC:
        return [re.compile(pattern) for pattern in DYNAMIC[inner]]
    if inner == "place":  # core.knowledge.chunking compiles a row of them.
        return list(importlib.import_module(source.name)._BOUNDARIES)
    module = vars(importlib.import_module(source.name))
    found = eval(compile(ast.Expression(expression), source.name, "eval"), module)  # noqa: S307
    return [re.compile(found)]


def _uses_of(source: Source, call: ast.Call) -> set[str]:
    """The methods that its module calls on what a name at its top is bound to; all where none is."""
    names = {
        ast.unparse(node.targets[0])
        for node in source.tree.body
        if isinstance(node, ast.Assign) and node.value is call
    }
    used = {
        node.attr
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) in names
    }
    return used & set(USES) or {"search", "fullmatch"}


def literals(pattern: Any) -> Iterator[str]:
    """Every character and every run of them that a pattern names."""
    yield from _literals(_parser.parse(pattern.pattern, pattern.flags & ~re.DEBUG))


def _literals(parsed: Any) -> Iterator[str]:
    run = ""
    for kind, value in parsed:
        if kind is _constants.LITERAL:
            run += chr(value)
            yield chr(value)
            continue
        if run:
            yield run
        run = ""
        for inner in value if isinstance(value, (list, tuple)) else ():
            yield from _inner_literals(inner)
    if run:
        yield run


def _inner_literals(inner: Any) -> Iterator[str]:
    if isinstance(inner, _parser.SubPattern):
        yield from _literals(inner)
    elif isinstance(inner, list):
        for one in inner:
            yield from _inner_literals(one)
    elif isinstance(inner, tuple) and inner and inner[0] is _constants.LITERAL:
        yield chr(inner[1])
    elif isinstance(inner, tuple) and inner and inner[0] is _constants.RANGE:
        yield chr(inner[1][0])


@cache
def hostile(pattern: Any) -> tuple[str, ...]:
    """Each of its characters without end; after how it begins; and where the end does not fit."""
    named = list(dict.fromkeys(literals(pattern)))
    runs = [one for one in named if len(one) > 1][:3]
    units = list(dict.fromkeys([*named, *ANYWHERE]))[:60]
    units += [f"{run}{one}" for run in runs for one in (" ", "a", "(", "0")]
    floods = [unit * (SIZE // len(unit)) for unit in units]
    led = [f"{run}{flood}" for run in runs[:1] for flood in floods[:20]]
    return (*floods, *led)


def _run(pattern: Any, use: str, text: str) -> float:
    data: Any = text if isinstance(pattern.pattern, str) else text.encode()
    start = time.thread_time()
    if use == "finditer":
        list(pattern.finditer(data))
    elif use in ("sub", "subn"):
        pattern.sub(data[:0], data)
    else:
        getattr(pattern, use)(data)
    return time.thread_time() - start


def slow(pattern: Any, use: str) -> str:
    """The first text that takes too long, or "". All of it only where a tenth takes a hundredth of the time."""
    for flood in hostile(pattern):
        for end in ("", "\0"):
            tenth = _run(pattern, use, flood[: SIZE // 10] + end)
            if tenth > MOST_SECONDS / 3 or (
                tenth > MOST_SECONDS / 100
                and min(_run(pattern, use, flood + end) for _ in range(3)) > MOST_SECONDS
            ):
                return flood[:40]
    return ""


FOUND = sorted({(where, use, pattern) for where, use, pattern in expressions()}, key=str)


@pytest.mark.parametrize(("where", "use", "pattern"), FOUND, ids=str)
def test_64_kilobytes_of_anything_take_50_milliseconds_at_most(where, use, pattern):
    assert slow(pattern, use) == ""


@pytest.mark.parametrize("pattern", [r"a+$", r"\s*=", r"\[([^\]]+)\]\("])
def test_what_is_quadratic_is_found(pattern):
    assert slow(re.compile(pattern), "search")
