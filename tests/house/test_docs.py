"""What the documentation names exists: files, names in them, modules, links and the operator's commands."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from core.providers import catalogue
from tests.house.sources import ROOT, shown
from web.console.gateway.snippets import snippets

PAGES = (
    *("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"),
    *("docs/**/*.md", "benchmarks/*.md", "tests/**/*.md"),
)
TOP = ("bin", "benchmarks", "core", "docs", "templates", "tests", "web", "workers")
"""Folders whose files are named with their whole path."""
SUFFIXES = ("py", "md", "toml", "js", "css", "html", "txt")
OF_ANOTHER_COMMIT = ("benchmarks/soak.md", "benchmarks/agents.md", "tests/live/upgrade/README.md")
"""They name what there was at the commit that they are about."""

_CODE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)|src(?:set)?=\"([^\"]+)\"")
_PATH = re.compile(rf"(?:(?:{'|'.join(TOP)})/[\w./*-]*|\w[\w./-]*\.(?:{'|'.join(SUFFIXES)}))")
_NAMES_AFTER = re.compile(r"^(\S+\.py): (\w+(?:\.\w+)?)(?:\(.*\))?$")
_DOTTED = re.compile(r"(?:app|core|web|workers|tests)(?:\.\w+)+")
_COMMAND = re.compile(r"bin/flask ([a-z-]+)(?: ([a-z-]+))?")


def pages() -> list[Path]:
    found = {path for pattern in PAGES for path in ROOT.glob(pattern)}
    return sorted(path for path in found if shown(path) not in OF_ANOTHER_COMMIT)


@cache
def files() -> tuple[str, ...]:
    """Every file of the folders in `TOP`, and those beside them."""
    inside = [path for top in TOP for path in (ROOT / top).rglob("*")]
    return tuple(shown(path) for path in [*ROOT.iterdir(), *inside] if path.is_file())


def missing_in(page: Path, text: str) -> set[str]:
    """Everything that a page names and that isn't there."""
    spans = _CODE.findall(text)
    return {
        *(name for span in spans for name in _missing_names(span)),
        *(link for link in _links(text) if not (page.parent / link).exists()),
        *(command for command in _commands(text) if command not in commands()),
    }


def _missing_names(span: str) -> Iterator[str]:
    """Of one piece of inline code: a path, `path.py: name`, a dotted name, or none of these."""
    if named := _NAMES_AFTER.match(span):
        path, name = named.groups()
        if not any(_defines(file, name) for file in _files_of(path)):
            yield span
    elif _DOTTED.fullmatch(span) and not _PATH.fullmatch(span):
        if not _is_module_or_in_one(span):
            yield span
    elif _PATH.fullmatch(first := span.split(" ")[0]) and not _files_of(first):
        yield first


def _files_of(path: str) -> list[str]:
    """The files that a path means: whole, with `*`, a folder, or the end of a path."""
    if "*" in path or (ROOT / path).exists():
        return [shown(found) for found in ROOT.glob(path.rstrip("/"))]
    if path.startswith(tuple(f"{top}/" for top in TOP)):
        return []
    return [file for file in files() if file.endswith(f"/{path}")]


def _defines(file: str, name: str) -> bool:
    text, (first, _, inner) = (ROOT / file).read_text(), name.partition(".")
    top = re.search(rf"(?m)^(?:(?:async )?def|class) {first}\b|^{first}(?::.*)? = ", text)
    return bool(top) and (not inner or bool(re.search(rf"\b{inner}\b", text)))


def _is_module_or_in_one(dotted: str) -> bool:
    path, _, name = dotted.rpartition(".")
    as_file = [f"{dotted.replace('.', '/')}.py", f"{dotted.replace('.', '/')}/__init__.py"]
    inside = [f"{path.replace('.', '/')}.py", f"{path.replace('.', '/')}/__init__.py"]
    return any(file in files() for file in as_file) or any(
        file in files() and _defines(file, name) for file in inside
    )


def _links(text: str) -> Iterator[str]:
    for one, other in _LINK.findall(text):
        if "://" not in (link := one or other) and not link.startswith("../../"):
            yield link


def _commands(text: str) -> Iterator[str]:
    """`bin/flask keys doctor` is `keys doctor`; `bin/flask backup FILE` is `backup`."""
    for group, command in _COMMAND.findall(text):
        yield f"{group} {command}" if f"{group} " in " ".join(commands()) and command else group


@cache
def commands() -> frozenset[str]:
    """Of the operator's command line, read from `web/cli`; a group alone too."""
    found = set()
    for path in (ROOT / "web" / "cli").glob("*.py"):
        text = path.read_text()
        groups = dict(re.findall(r"(?m)^(\w+) = AppGroup\(\"(\w+)\"", text))
        found |= set(groups.values())
        for owner, name in re.findall(r"@(\w+)\.command\(\"([a-z-]+)\"", text):
            found.add(name if owner == "click" else f"{groups[owner]} {name}")
    return frozenset(found)


@pytest.mark.parametrize("page", pages(), ids=shown)
def test_everything_a_page_names_is_there(page):
    assert missing_in(page, page.read_text()) == set()


def test_every_pattern_has_pages():
    assert all(list(ROOT.glob(pattern)) for pattern in PAGES)


def test_the_readme_names_every_provider():
    names = {provider.name for provider in catalogue.byok_providers()}
    text = " ".join((ROOT / "README.md").read_text().split())
    assert {name for name in names if name not in text} == set()


@pytest.mark.parametrize("client", ["claude-code", "codex", "openai-sdk"])
def test_the_readme_has_the_snippets_of_the_console(client):
    made = {
        one.id: one for one in snippets("http://127.0.0.1:8000", "claude-haiku-4-5", "gpt-5-mini")
    }
    assert made[client].text in (ROOT / "README.md").read_text()


@pytest.mark.parametrize(
    "text",
    [
        "`core/keys/gone.py`",
        "`core/gone/`",
        "`gone.py`",
        "`keys/gone.py`",
        "`docs/gone*.md`",
        "`bin/gone keys`",
        "`core/db.py: gone`",
        "`core/db.py: Base.gone_from_there`",
        "`core.db.gone`",
        "`core.gone.transaction`",
        "[a page](gone.md)",
        '<img src="docs/gone.png">',
        "`bin/flask keys gone`",
        "```sh\nbin/flask gone FILE\n```",
    ],
)
def test_what_is_not_there_is_found(text):
    assert missing_in(ROOT / "README.md", text)


@pytest.mark.parametrize(
    "text",
    [
        "`core/db.py`, `core/keys/`, `keys/states.py`, `docs/*.md`, `app.py`",
        "`core/db.py: transaction`, `core.db.transaction`, `core.db`, `core.keys`",
        "`core/db.py: transaction()`",
        "`web`, `core`, `/v1/messages`, `/chat/BOT/look.css`, `text/event-stream`, `a/b`",
        "[a page](docs/settings.md#people) and [another](https://example.com/gone.md)",
        "`bin/flask keys doctor`, `bin/flask backup FILE`, `bin/flask keys …`, `bin/test tests/core`",
    ],
)
def test_what_is_there_passes(text):
    assert missing_in(ROOT / "README.md", text) == set()
