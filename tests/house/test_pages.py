"""Templates, scripts and styles: nothing inline, nothing from another host, every file there."""

import re
from pathlib import Path

import pytest

from tests.house.sources import ROOT, own_static, shown, templates

STATIC = ROOT / "web" / "static"
INLINE = {
    "a script in the page": r"<script(?![^>]*\ssrc=)",
    "a style element": r"<style\b",
    "a style attribute": r"\sstyle\s*=",
    "an event handler": r"<[a-z][^>]*\son[a-z]+\s*=",
    "an htmx handler": r"\s(data-)?hx-on\b",
    "a script in an htmx value": r"=\s*[\"']\s*j(ava)?s(cript)?:",
    "markup that was not escaped": r"\|\s*safe\b",
}
LOADING = r"<(?:script|link|img|iframe|source|video|audio|embed|object|use|image)\b[^>]*?"
LOADED = LOADING + r"\s(?:src|href|srcset|data|poster)=(?:\"([^\"]*)\"|'([^']*)')"


def problems_of(text: str) -> set[str]:
    found = {name for name, pattern in INLINE.items() if re.search(pattern, text, re.IGNORECASE)}
    for double, single in re.findall(LOADED, text, re.IGNORECASE):
        if not re.match(
            r"{{ (asset|url_for)\(|{{ (avatar_url|main_script|address) }}|#", double or single
        ):
            found.add(f"{double or single} does not come from asset()")
    return found


MAILS = ROOT / "templates" / "emails"
"""Mail programs load no stylesheet: there, and only there, a style element stands in the document."""


def test_nothing_is_inline_and_everything_is_our_own():
    problems = {shown(path): problems_of(path.read_text()) for path in templates()}
    for path in MAILS.glob("*.html"):
        problems[shown(path)] -= {"a style element"}
    assert {path: found for path, found in problems.items() if found} == {}


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<script type='module'>alert(1)</script>",
        '<p style="color: red">',
        "<style>p {}</style>",
        "<button onclick='go()'>",
        "<a hx-on:click='go()'>",
        '<a href="javascript:go()">',
        "{{ text|safe }}",
        '<script src="https://cdn.example/htmx.js"></script>',
        "<link rel=stylesheet href='//fonts.example/inter.css'>",
        '<img src="/static/logo.svg">',
    ],
)
def test_the_reader_finds_what_is_wrong(text):
    assert problems_of(text)


def test_every_asset_is_there():
    text = "".join(path.read_text() for path in templates())
    named = set(re.findall(r"asset\([\"']([^\"'~]+)[\"']\)", text))
    assert named
    assert {name for name in named if not (STATIC / name).is_file()} == set()


def test_what_is_vendored_carries_its_version():
    names = [path.name for path in (STATIC / "vendor").iterdir()]
    assert names
    assert not [name for name in names if not re.fullmatch(r"[\w.-]+@\d+\.\d+(\.\d+)?", name)]


ELSEWHERE = (
    r"url\(\s*[\"']?(https?:|//)|@import|import\(?\s*[\"'](https?:|//)|from\s*[\"'](https?:|//)"
    r"|fetch\(\s*[\"'`](https?:|//)|\beval\(|new Function|\.innerHTML\s*=|insertAdjacentHTML"
)


def test_styles_and_scripts_load_nothing_from_elsewhere_and_write_no_markup():
    files = [*own_static(".css"), *own_static(".js")]
    assert not [shown(path) for path in files if re.search(ELSEWHERE, _without_comments(path))]


def test_every_vendored_file_that_is_named_is_there():
    for path in [*own_static(".css"), *own_static(".js"), *templates()]:
        for vendored in re.findall(r"vendor/[^\"')\s]+", path.read_text()):
            assert (STATIC / vendored).is_file(), f"{shown(path)} names {vendored}"


def test_colours_are_said_in_the_tokens_only():
    color = r"#[0-9a-fA-F]{3,8}\b(?=[^{]*[;}])"
    sheets = [path for path in own_static(".css") if path.name != "tokens.css"]
    assert not [shown(path) for path in sheets if re.search(color, _without_comments(path))]


def _without_comments(path: Path) -> str:
    pattern = r"/\*.*?\*/|^\s*//[^\n]*"
    return re.sub(pattern, "", path.read_text(), flags=re.DOTALL | re.MULTILINE)
