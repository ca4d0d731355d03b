"""Every pinned package has a license that the project can be used and passed on under."""

import re
from collections.abc import Iterator
from importlib import metadata

import pytest

from tests.house.sources import ROOT

ALLOWED = {
    *("MIT", "MIT License", "MIT-0", "ISC", "Zlib", "CC0-1.0", "0BSD"),
    *("BSD-2-Clause", "BSD-3-Clause", "BSD License"),
    *("Apache-2.0", "Apache Software License"),
    *("PSF-2.0", "ZPL-2.1", "The Unlicense (Unlicense)"),
    *("MPL-2.0", "Mozilla Public License 2.0 (MPL 2.0)"),  # of its own files alone
}
EXCEPTIONS = {
    "psycopg": ("LGPL-3.0-only", "it is imported as it is published, and can be replaced"),
    "psycopg-binary": ("LGPL-3.0-only", "it is imported as it is published, and can be replaced"),
    "axe-playwright-python": (
        "",
        "names none there; its LICENSE says MIT, and axe in it is MPL-2.0",
    ),
}
"""By package: the license that it names, and why it is used all the same."""

_PIN = re.compile(r"(?m)^([A-Za-z0-9][\w.-]*)(?:\[[\w,-]+\])?==")
_HEADINGS = ("OSI Approved", "DFSG approved")
"""Headings in the list of classifiers, no licenses."""


def pinned() -> list[str]:
    """What is installed of it: uv is not where it has no wheel."""
    files = ROOT.glob("requirements*.txt")
    names = {name.lower() for path in files for name in _PIN.findall(path.read_text())}
    return sorted(name for name in names if name != "uv" or has_uv())


def has_uv() -> bool:
    return bool(list(metadata.distributions(name="uv")))


def license_of(package: str) -> str:
    """As an SPDX expression where it has one, else what its classifiers or its words say."""
    facts = metadata.metadata(package)
    if expression := facts.get("License-Expression"):
        return str(expression)
    found = [
        name.rpartition(" :: ")[2] for name in facts.get_all("Classifier") or [] if is_license(name)
    ]
    return " AND ".join(found) or str(facts.get("License") or "").partition("\n")[0].strip()


def is_license(classifier: str) -> bool:
    return classifier.startswith("License :: ") and not classifier.endswith(_HEADINGS)


def is_allowed(expression: str) -> bool:
    """Every part that counts is on the list; of alternatives one is."""
    return bool(expression) and all(
        any(one in ALLOWED for one in _alternatives(part)) for part in expression.split(" AND ")
    )


def _alternatives(part: str) -> Iterator[str]:
    return (
        name.strip("() ") if name.count("(") != name.count(")") else name
        for name in part.split(" OR ")
    )


@pytest.mark.parametrize("package", pinned())
def test_each_package_has_a_license_on_the_list(package):
    found = license_of(package)
    if package in EXCEPTIONS:
        assert found == EXCEPTIONS[package][0], "the exception was made for another license"
    else:
        assert is_allowed(found), f"{package} is under {found or 'no license that it names'}"


def test_no_exception_is_left_over():
    assert set(EXCEPTIONS) <= set(pinned())


@pytest.mark.parametrize(
    ("expression", "passes"),
    [
        ("MIT", True),
        ("MIT OR Apache-2.0", True),
        ("Apache-2.0 OR GPL-3.0-only", True),
        ("BSD-3-Clause AND (MIT OR GPL-3.0-only)", True),
        ("MIT AND GPL-3.0-only", False),
        ("GPL-3.0-only", False),
        ("AGPL-3.0-or-later", False),
        ("LGPL-3.0-only", False),
        ("BUSL-1.1", False),
        ("Proprietary", False),
        ("", False),
    ],
)
def test_the_list_lets_through_what_is_on_it_and_nothing_else(expression, passes):
    assert is_allowed(expression) == passes
