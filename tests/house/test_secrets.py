"""No secret is in the tree: no provider key, token of ours, private key, or random string as a password."""

import math
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.providers.scrub import _KEYS
from tests import marker
from tests.house.sources import ROOT

SKIPPED = {".git", ".venv", ".venv-sdks", "data", "artifacts", "__pycache__", "htmlcov"}
CACHES = re.compile(r"\.\w+_cache|\.hypothesis|.+\.egg-info")

SHORTEST = 20
"""No provider's keys are shorter: AWS's key ids have exactly so many characters."""
LEAST_BITS = 3.3
"""Entropy of each character. Words have less; what a generator made has 4 and more."""
RANDOM_BITS = 4.0

_MASKED = re.compile(r"\*{3}|[•…]|\.{3}")
_PRIVATE_KEY = re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY(?: BLOCK)?-----")
_ASSIGNED = re.compile(
    r"(?im)[\w-]*(?:secret|token|passw(?:or)?d|api_?key|credential|encryption_key|private_key)[\w-]*"
    r"[\"']?\s*[:=]\s*(?:[\"']([\w+/=-]{20,})[\"']|([\w+/=-]{20,})$)"
)
_ALONE = re.compile(r"[\w+/=-]{32,}")
"""What is in a file that holds a secret and nothing else."""

MADE_UP = {
    "sk-ant-somebody-elses",
    "sk-ant-api03-ключключ",
    "sk-ant-api03-1234567",
    "sk-ant-api03-hostile-input",
    "sk-proj-hostile-input",
    "sk-ant-api03-picture-7xA2",
    "sk-proj-picture-Qm31",
    "sk-loopback-0123456789-wxyz",
    "sk-loopback-other-0123-abcd",
    "a-key-of-a-compatible-server-1234",
    "AKIAABCDEFGHIJKLMNOP",
    "0123456789abcdef0123456789abcdef.AbCdEfGhIjKlMnOp",
    "eyJhbGciOiJSUzI1NiJ9.eyJ",
    # AWS's documentation has these.
    "AKIAIOSFODNN7EXAMPLE",
    "ASIAIOSFODNN7EXAMPLE",
    "wJalrXUtnFEMI/K7MDENG+bPxRfiCYzzzzzSEcRE",
}
"""Keys of the tests, which open nothing anywhere."""

OF_AN_OLD_DATABASE = {
    "tests/live/previous.py",
    "tests/live/upgrade/secrets/encryption_key",
    "tests/live/upgrade/secrets/secret_key",
}
"""They open the sample database of the upgrade test, which is in the tree beside them, and nothing else."""


def secrets_in(text: str) -> Iterator[str]:
    """What looks like a secret, but for masks and the keys of the tests."""
    found = [match[0] for match in _KEYS.finditer(text) if len(match[0]) >= SHORTEST]
    found = [one for one in found if not _MASKED.search(one) and bits(one) >= LEAST_BITS]
    found += [match[0] for match in _PRIVATE_KEY.finditer(text)]
    assigned = [match[1] or match[2] for match in _ASSIGNED.finditer(text)]
    found += [one for one in assigned if is_random(one)]
    if _ALONE.fullmatch(text.strip()) and is_random(text.strip()):
        found.append(text.strip())
    return (one for one in found if one not in MADE_UP and marker.MARKER not in one)


def is_random(value: str) -> bool:
    return bits(value) >= RANDOM_BITS and any(character.isdigit() for character in value)


def bits(value: str) -> float:
    """Shannon's entropy of each character."""
    shares = [count / len(value) for count in Counter(value).values()]
    return -sum(share * math.log2(share) for share in shares)


def tree(folder: Path = ROOT) -> Iterator[Path]:
    """Every file of the project: nothing that it makes when it runs."""
    for path in sorted(folder.iterdir()):
        if path.name in SKIPPED or CACHES.fullmatch(path.name) or path.is_symlink():
            continue
        if path.is_dir():
            yield from tree(path)
        elif path.suffix not in (".pyc", ".log"):
            yield path


def text_of(path: Path) -> str:
    """ "" for what is no text."""
    data = path.read_bytes()
    return "" if b"\0" in data else data.decode(errors="replace")


def test_no_file_of_the_tree_holds_a_secret():
    found = {
        name: secrets
        for path in tree()
        if (name := path.relative_to(ROOT).as_posix()) not in OF_AN_OLD_DATABASE
        and (secrets := list(secrets_in(text_of(path))))
    }
    assert not found


@pytest.mark.parametrize("name", sorted(OF_AN_OLD_DATABASE))
def test_each_exception_is_one(name):
    assert list(secrets_in((ROOT / name).read_text()))


def test_every_made_up_key_is_still_in_use():
    whole = "\n".join(text_of(path) for path in tree() if path.name != Path(__file__).name)
    assert [key for key in MADE_UP if key not in whole] == []


RANDOM = "q7Zr2LxV9bTn4KcY8wHs3JdM6pGf1RkA"
"""Of no shape, but random; put together here, so that this file itself passes."""


@pytest.mark.parametrize(
    "text",
    [
        f'client = Anthropic("sk-ant-{"api03"}-{RANDOM}")',
        f"curl -H 'Authorization: Bearer sk-{'proj'}-{RANDOM}'",
        f"AWS_ACCESS_KEY_ID={'AKIA'}{RANDOM[:16].upper()}",
        f"mvg_{RANDOM}{RANDOM[:8]}",
        f"-----BEGIN {'RSA PRIVATE'} KEY-----",
        f"-----BEGIN {'PRIVATE'} KEY-----",
        f'SECRET_KEY = "{RANDOM}"',
        f"ENCRYPTION_KEY={RANDOM}\nPORT=8000",
        f'{{"password": "{RANDOM}"}}',
        f"  api_key: {RANDOM}",
        f"{RANDOM}\n",
    ],
)
def test_a_secret_would_be_found(text):
    assert list(secrets_in(text))


@pytest.mark.parametrize(
    "text",
    [
        "sk-ant-api03-••••••••7xA2",
        'key_prefixes = ["sk-ant-api03-", "sk-svcacct-"]',
        f'key = "{marker.anthropic_key()}"',
        "first_token_ms = outcome.first_token_ms",
        'password = "correct horse battery staple"',
        'token_url = "/v1/messages/count_tokens"',
    ],
)
def test_what_is_none_passes(text):
    assert not list(secrets_in(text))
