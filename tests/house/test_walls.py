"""No file, and no function, past its wall without a line that says why."""

import ast
from pathlib import Path

from tests.house.sources import ROOT, own_static, python_files, shown, templates

WALLS = {".py": 300, ".html": 60, ".js": 150}
FUNCTION_WALL = 40
WHY = "Past the wall:"
"""The words that a comment of a longer file begins with."""

FILES = [*python_files("app.py", "core", "web", "workers", "bin"), *templates(), *own_static(".js")]


def is_past_its_wall(path: Path, text: str) -> bool:
    return len(text.splitlines()) > WALLS[path.suffix] and WHY not in text


def test_no_file_is_past_its_wall():
    assert not [shown(path) for path in FILES if is_past_its_wall(path, path.read_text())]


def test_no_function_is_past_its_wall():
    texts = {path: path.read_text() for path in python_files()}
    assert not [shown(path) for path, text in texts.items() if _long(text) and WHY not in text]
    assert _long("def f():\n" + "    x = 1\n" * FUNCTION_WALL) == ["f"]


def test_the_walls_hold():
    too_long = "x = 1\n" * (WALLS[".py"] + 1)
    assert is_past_its_wall(ROOT / "a.py", too_long)
    assert not is_past_its_wall(ROOT / "a.py", f"# {WHY} a table\n{too_long}")
    assert not is_past_its_wall(ROOT / "a.py", "x = 1\n" * WALLS[".py"])


def test_every_module_says_what_it_owns():
    without = [
        shown(path)
        for path in python_files()
        if path.read_text().strip() and not ast.get_docstring(ast.parse(path.read_text()))
    ]
    assert not without


def _long(text: str) -> list[str]:
    """The functions of a module that are past their wall."""
    return [
        node.name
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or node.lineno) - node.lineno >= FUNCTION_WALL
    ]
