"""One door each (style guide): what may be touched in one place only, and the words that live in one."""

import ast
import re
from collections.abc import Callable, Iterator

import pytest

from core import plans
from core.providers import catalogue
from tests.house.sources import Source, is_or_is_inside, shown, sources, templates

PLAN_KEYS = {key for key in plans.PLANS if key not in {plan.kind for plan in plans.PLANS.values()}}
"""`personal` is also the name of a kind of workspace, and may be said as such."""


def imports_of(*places: str) -> Callable[[Source], bool]:
    def found(source: Source) -> bool:
        return any(
            is_or_is_inside(imported, place) for imported in source.imports() for place in places
        )

    return found


def attributes(*pairs: str) -> Callable[[Source], bool]:
    """`os.environ`, as an attribute or as an import of its own."""

    def found(source: Source) -> bool:
        return any(pair in pairs for pair in (*_dotted(source), *source.imports()))

    return found


def _dotted(source: Source) -> Iterator[str]:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            yield f"{node.value.id}.{node.attr}"
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Attribute):
            yield f"{node.value.attr}.{node.attr}"


def strings(*values: str) -> Callable[[Source], bool]:
    return lambda source: any(text in values for text in source.strings())


DOORS = {
    "the environment": (
        attributes("os.environ", "os.getenv", "os.environb", "os.putenv"),
        {"core.settings": "reads and checks every variable, once"},
    ),
    "Fernet": (imports_of("cryptography.fernet"), {"core.secrets.vault": "seals and opens keys"}),
    "outgoing HTTP": (
        imports_of("requests", "urllib3", "http.client", "urllib.request", "httpx", "aiohttp", "httptools"),
        {"core.http": "time limits, pools, errors without secrets"},
    ),
    "mail": (imports_of("smtplib"), {"core.outbox.smtp": "time limits, errors without addresses"}),
    "the clock": (
        attributes(
            "datetime.now", "datetime.utcnow", "datetime.today", "date.today",
            "time.time", "time.time_ns", "time.monotonic", "time.monotonic_ns", "time.perf_counter",
        ),
        {"core.clock": "so that tests can move it"},
    ),
    "a plan's key": (
        strings(*PLAN_KEYS),
        {
            "core.plans": "the table",
            "web.cli.seeding": "sample data has to be on some plan",
        },
    ),
    "a provider's name": (
        strings(*(provider.slug for provider in catalogue.byok_providers())),
        {"core.providers": "the catalogue, and a module for each wire format"},
    ),
    "a role": (
        strings("owner", "billing_manager", "admin"),
        {"core.accounts.roles": "the table of permissions"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("thing", DOORS)
def test_each_thing_has_one_door(thing):
    touches, doors = DOORS[thing]
    outside = [source.name for source in sources() if touches(source) and not source.is_in(*doors)]
    assert not outside, f"{thing} belongs to {', '.join(doors)}"


@pytest.mark.parametrize("thing", DOORS)
def test_every_door_is_used(thing):
    touches, doors = DOORS[thing]
    for door in doors:
        assert any(touches(source) and source.is_in(door) for source in sources()), door


@pytest.mark.parametrize(
    ("thing", "text"),
    [
        ("the environment", "import os\nos.environ['PORT']"),
        ("the environment", "from os import environ"),
        ("the environment", "import os\nos.getenv('PORT')"),
        ("Fernet", "from cryptography.fernet import Fernet"),
        ("outgoing HTTP", "import requests"),
        ("outgoing HTTP", "from http import client"),
        ("outgoing HTTP", "from urllib import request"),
        ("mail", "import smtplib"),
        ("the clock", "from datetime import datetime\ndatetime.now()"),
        ("the clock", "import datetime\ndatetime.datetime.now()"),
        ("the clock", "from time import time"),
        ("a plan's key", "if plan == 'pro': pass"),
        ("a provider's name", "if provider == 'anthropic': pass"),
        ("a role", "if role == 'owner': pass"),
    ],
)
def test_the_reader_finds_a_second_door(thing, text):
    assert DOORS[thing][0](Source("web.somewhere", text))


@pytest.mark.parametrize(
    "text", ['"""Owners on pro."""', "f'{x}pro'", "import time\ntime.sleep(1)"]
)
def test_the_reader_is_not_fooled(text):
    assert not any(touches(Source("web.somewhere", text)) for touches, _ in DOORS.values())


def test_templates_ask_for_permissions_and_never_for_a_plan_or_role():
    asking = [shown(path) for path in templates() if _asks_for_a_name(path.read_text())]
    assert not asking
    assert _asks_for_a_name("{% if plan.key == 'pro' %}")


def _asks_for_a_name(template: str) -> bool:
    code = " ".join(re.findall(r"{[{%].*?[}%]}", template, re.DOTALL))
    words = set(re.findall(r"[\"']([^\"']*)[\"']", code))
    return bool(words & {*PLAN_KEYS, "owner", "billing_manager", "admin"}) or "plan_key" in code
