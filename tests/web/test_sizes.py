"""What a browser has to fetch: the scripts of the frame, and styles and scripts of a console page, gzipped.

The widget's loader is weighed in test_widget.py.
"""

import gzip
import re
from pathlib import Path

import pytest

from tests.house.sources import ROOT
from tests.talking import make_bot

STATIC = ROOT / "web" / "static"
KILOBYTE = 1024
IMPORT = re.compile(r'(?:from|import)\s*"(\./[\w.-]+)"')


def weight(paths) -> int:
    return sum(len(gzip.compress(path.read_bytes(), 9)) for path in paths)


def with_imports(path: Path) -> set[Path]:
    """A module, and all that it needs."""
    needed = {(path.parent / name).resolve() for name in IMPORT.findall(path.read_text())}
    return {path.resolve()}.union(*(with_imports(other) for other in needed))


def loaded_by(page: str) -> set[Path]:
    """The scripts and styles that a page names, with what those import."""
    names = re.findall(r'(?:src|href)="/static/([^"?]+\.(?:js|css))', page)
    return set().union(*(with_imports(STATIC / name) for name in names))


def test_the_frames_scripts_weigh_35_kilobytes_at_most(app, cast):
    page = app.test_client().get(f"/chat/{make_bot(cast.workspace).id}/frame").text
    scripts = {path for path in loaded_by(page) if path.suffix == ".js"}
    assert STATIC / "chat" / "talk.js" in scripts
    assert weight(scripts) <= 35 * KILOBYTE


@pytest.mark.parametrize("path", ["", "/bots", "/provider-keys", "/usage"])
def test_a_console_pages_styles_and_scripts_weigh_60_kilobytes_at_most(signed_in, path):
    files = loaded_by(signed_in("owner").get(f"/w/acme{path}").text)
    assert {path.suffix for path in files} == {".js", ".css"}
    assert weight(files) <= 60 * KILOBYTE
