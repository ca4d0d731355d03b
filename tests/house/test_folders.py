"""A folder can be taken in at a glance: at most twenty files of ours side by side."""

from collections import Counter
from pathlib import Path

import pytest

from tests.house.sources import ROOT

MOST_FILES = 20
PLACES = ("core", "web", "workers", "templates", "tests")
STATIC = ("web/static/chat", "web/static/js")
NOT_OURS = ("vendor", "__pycache__")


def full_folders(top: Path) -> dict[str, int]:
    """The folders in `top`, itself included, that hold too many files, and how many those are."""
    files = (path for path in top.rglob("*") if path.is_file())
    ours = (path for path in files if not set(path.relative_to(top).parts) & set(NOT_OURS))
    counts = Counter(str(path.parent.relative_to(top)) for path in ours)
    return {folder: count for folder, count in counts.items() if count > MOST_FILES}


@pytest.mark.parametrize("place", PLACES)
def test_no_folder_is_full(place):
    static = {str(Path(folder).relative_to("web")) for folder in STATIC}
    assert {name: n for name, n in full_folders(ROOT / place).items() if name not in static} == {}


@pytest.mark.parametrize("folder", STATIC)
def test_no_folder_of_scripts_is_full(folder):
    assert full_folders(ROOT / folder) == {}


def test_a_full_folder_is_found(tmp_path):
    for folder, count in {
        "full": 21,
        "fits": 20,
        "full/vendor": 30,
        "full/__pycache__": 30,
    }.items():
        (tmp_path / folder).mkdir(exist_ok=True, parents=True)
        for number in range(count):
            (tmp_path / folder / f"{number}.py").touch()
    assert full_folders(tmp_path) == {"full": 21}
