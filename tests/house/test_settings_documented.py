"""docs/settings.md and core/settings.py say the same: every variable, and what it is without a value."""

import re

from pydantic import SecretStr

from core import settings
from core.providers import catalogue
from core.settings import Settings
from tests.house.sources import ROOT

TEXT = (ROOT / "docs" / "settings.md").read_text()
ROWS = dict(re.findall(r"^\| `([A-Z0-9_]+)` \| (.*?) \| .+ \|$", TEXT, re.MULTILINE))


def test_every_setting_is_documented_and_every_documented_setting_exists():
    slugs = [provider.slug for provider in catalogue.byok_providers()]
    assert set(ROWS) == set(settings.variables(slugs))


def test_no_setting_is_listed_twice():
    names = re.findall(r"^\| `([A-Z0-9_]+)` \|", TEXT, re.MULTILINE)
    assert len(names) == len(set(names)) == len(ROWS)


def test_documented_defaults_are_the_real_ones():
    wrong = {name: said for name, said in ROWS.items() if not _is_true(name, said)}
    assert not wrong


def _is_true(name: str, said: str) -> bool:
    default = _default(name)
    return said == f"`{default}`" if default else not said.startswith("`")


def _default(name: str) -> str:
    """What the code has as default, in the words of an environment variable; "" for none."""
    field = Settings.model_fields.get(name.lower())
    if name.endswith("_PLATFORM_KEY"):
        return ""
    if field is None:
        return catalogue.provider(name.removesuffix("_BASE_URL").lower()).base_url
    if field.is_required() or isinstance(field.default, SecretStr):
        return ""
    text = str(field.default)
    return text.lower() if isinstance(field.default, bool) else text
