"""The product's own files as the house rules read them: parsed, never run."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
PRODUCT = ("app.py", "core", "web", "workers")


@dataclass(frozen=True)
class Source:
    """One Python file. `name` is dotted, as an import would say it: `core.keys.store`."""

    name: str
    text: str
    is_package: bool = False

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    def is_in(self, *places: str) -> bool:
        """Whether this is one of these modules, or inside one of these packages."""
        return any(self.name == place or self.name.startswith(f"{place}.") for place in places)

    def imports(self) -> Iterator[str]:
        """Each import as `module` and, for what comes out of one, as `module.name` too."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                module = self._absolute(node)
                yield module
                yield from (f"{module}.{alias.name}" for alias in node.names)

    def imported_names(self) -> Iterator[tuple[str, str]]:
        """Each import that runs, as a module and the name out of it ("" for none): none for types alone."""
        for_types = set(self._nodes_for_types())
        for node in ast.walk(self.tree):
            if node in for_types:
                continue
            if isinstance(node, ast.Import):
                yield from ((alias.name, "") for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield from ((self._absolute(node), alias.name) for alias in node.names)

    def strings(self) -> Iterator[str]:
        """Every string literal but docstrings and parts of f-strings."""
        others = {id(part) for part in self._docstrings_and_f_strings()}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Constant) and id(node) not in others:
                yield str(node.value)

    def _nodes_for_types(self) -> Iterator[ast.AST]:
        for node in ast.walk(self.tree):
            if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
                for part in node.body:
                    yield from ast.walk(part)

    def _docstrings_and_f_strings(self) -> Iterator[ast.AST]:
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Expr):
                yield node.value
            elif isinstance(node, ast.JoinedStr):
                yield from node.values

    def _absolute(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        package = self.name.split(".")
        depth = len(package) - node.level + (1 if self.is_package else 0)
        return ".".join([*package[:depth], *([node.module] if node.module else [])])


def python_files(*places: str) -> list[Path]:
    """The Python files of these files and folders, for people to read: no migration versions."""
    found = []
    for place in places or PRODUCT:
        path = ROOT / place
        found += [path] if path.is_file() else sorted(path.rglob("*.py"))
    return [path for path in found if "versions" not in path.parts]


def sources(*places: str) -> list[Source]:
    return [source_of(path) for path in python_files(*places)]


@lru_cache(maxsize=500)
def source_of(path: Path) -> Source:
    relative = path.relative_to(ROOT).with_suffix("")
    is_package = relative.name == "__init__"
    parts = relative.parts[:-1] if is_package else relative.parts
    return Source(".".join(parts), path.read_text(), is_package)


def is_or_is_inside(imported: str, place: str) -> bool:
    return imported == place or imported.startswith(f"{place}.")


def templates() -> list[Path]:
    return sorted((ROOT / "templates").rglob("*.html"))


def own_static(suffix: str) -> list[Path]:
    """Our own scripts or styles: what is vendored is somebody else's."""
    found = (ROOT / "web" / "static").rglob(f"*{suffix}")
    return sorted(path for path in found if "vendor" not in path.parts)


def shown(path: Path) -> str:
    return str(path.relative_to(ROOT))
