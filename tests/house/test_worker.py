"""What gunicorn imports before it forks: of the application the clock only, so that workers read it anew."""

import pytest

from tests.house.sources import Source, is_or_is_inside, python_files, source_of

BEFORE_THE_FORK = (
    "web/__init__.py",
    "web/server/__init__.py",
    "web/server/worker.py",
    "web/server/sockets.py",
)
ALLOWED = {"core.clock", "web.server.sockets"}
APPLICATION = ("core", "web", "app", "workers", "flask")


def imports_of_the_application(source: Source) -> list[str]:
    modules = {
        f"{module}.{name}" if module == "core" else module
        for module, name in source.imported_names()
    }
    return [
        name for name in modules - ALLOWED if any(is_or_is_inside(name, one) for one in APPLICATION)
    ]


@pytest.mark.parametrize("path", BEFORE_THE_FORK)
def test_the_worker_class_brings_no_application(path):
    (file,) = python_files(path)
    assert imports_of_the_application(source_of(file)) == []


def test_an_import_of_the_application_is_found():
    source = Source(
        "web.server.worker", "from core import settings\nfrom web.server import sockets"
    )
    assert set(imports_of_the_application(source)) == {"core.settings", "web.server"}
