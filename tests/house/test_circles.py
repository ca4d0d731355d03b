"""No file of the product imports itself by way of others, whether at its top or inside a function."""

from graphlib import CycleError, TopologicalSorter

import pytest

from tests.house.sources import Source, sources


def circle_in(files: list[Source]) -> list[str]:
    """The names of one circle of imports, first and last the same; empty if there is none."""
    names = {source.name for source in files}
    graph = {source.name: _files_imported(source, names) for source in files}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def _files_imported(source: Source, names: set[str]) -> set[str]:
    """`from core.bots import quota` is an import of the module, and of its package only if quota is none."""
    imported: set[str] = set()
    for module, name in source.imported_names():
        inner = f"{module}.{name}"
        imported.add(inner if inner in names else module)
    return imported & names - {source.name}


def test_there_is_no_circle():
    assert circle_in(sources()) == []


@pytest.mark.parametrize(
    "text",
    [
        "import core.b",
        "from core import b",
        "from core.b import thing",
        "from . import b",
        "def f():\n    from core import b",
    ],
)
def test_a_circle_is_found(text):
    files = [
        Source("core.a", text),
        Source("core.b", "import core.c"),
        Source("core.c", "import core.a"),
    ]
    assert set(circle_in(files)) == {"core.a", "core.b", "core.c"}


def test_a_line_is_no_circle_and_types_alone_do_not_count():
    text = (
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from core import a\nimport core.c"
    )
    files = [Source("core.a", "import core.b"), Source("core.b", text), Source("core.c", "")]
    assert circle_in(files) == []
