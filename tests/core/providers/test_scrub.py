"""No key, whole, cut or starred, leaves `scrub`; ordinary words do."""

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.providers.scrub import LONGEST, scrub
from tests.marker import MARKER, anthropic_key, openai_key

KEYS = [
    anthropic_key(),
    openai_key(),
    f"sk-svcacct-{MARKER}T3BlbkFJabcdefgh",
    f"{MARKER}T3BlbkFJabcdefgh",
    f"sk-or-v1-{MARKER}",
    f"AIzaSy{MARKER}0123456789abcdef",
    f"AQ.{MARKER}_0123",
    "AKIAIOSFODNN7EXAMPLE",
    "ASIAIOSFODNN7EXAMPLE",
    f"ABSK{MARKER}+/abc==",
    f"bedrock-api-key-{MARKER}",
    f"sk-{'0a' * 16}",
    f"xai-{MARKER}" + "x" * 62,
    f"pplx-{MARKER}" + "p" * 30,
    f"fw_{MARKER}",
    f"sk_{MARKER}",
    f"tp-{MARKER}",
    "0123456789abcdef0123456789abcdef.AbCdEfGhIjKlMnOp",
    f"eyJhbGciOiJSUzI1NiJ9.eyJ{MARKER}.c2ln-_{MARKER}",
    f"mvv_{'A1' * 21}",
    "sk-proj-****abcd",
    "sk-proj-MaRk3************************Seen",
    "xa***yz",
    "************************Seen",
    "sk-ant-api03-••••••••7xA2",
    "sk-ant-…7xA2",
]

WORDS = [
    "The model `gpt-5-mini` does not exist or you do not have access to it.",
    "task_id, disk_usage_total, risk-free-trial, http-headers-are-long",
    "claude-haiku-4-5-20251001 is **retired**, see https://docs.example/xai-org/grok-4",
    "req_0123456789abcdef0123456789abcdef and 6f1f9f3a-0d0e-4a53-b4a3-0c5e5c1f7d55",
    "Please try again in 20s. Limit 30000, Used 29000 (RPM).",
    "",
]


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("around", ["{}", "Bad key: {}.", '{{"key":"{}"}}', "a={}&b=c", "({})\n"])
def test_every_shape_of_key_becomes_one_mark(key, around):
    assert scrub(around.format(key)).strip(".") == around.format("[key]").strip(".")


@pytest.mark.parametrize("words", WORDS)
def test_ordinary_words_stay(words):
    assert scrub(words) == words


SECRET = f"{MARKER}0123456789"


@pytest.mark.parametrize(
    ("said", "left"),
    [
        (SECRET, "[key]"),
        (f"key {SECRET}!", "key [key]!"),
        (f"it ends in {SECRET[-8:]}", "it ends in [key]"),
        (f"it ends in {SECRET[-7:]}", f"it ends in {SECRET[-7:]}"),
        (f"{SECRET[:9]}/{SECRET[9:18]}", "[key]/[key]"),
        (SECRET + SECRET, "[key]"),
    ],
)
def test_eight_characters_of_the_secret_are_too_many(said, left):
    assert scrub(said, SECRET) == left


def test_a_secret_shorter_than_eight_characters_is_not_searched_for():
    assert scrub("the ping of it", "ping") == "the ping of it"


@given(st.lists(st.one_of(st.text(max_size=20), st.integers(0, 20)), max_size=12))
@example([0, "x", 3])
def test_no_eight_characters_of_the_secret_remain_whatever_surrounds_them(parts):
    said = "".join(SECRET[part : part + 12] if isinstance(part, int) else part for part in parts)
    left = scrub(said, SECRET)
    assert not [run for run in _runs(SECRET) if run in left]
    assert scrub(left, SECRET) == left


def _runs(secret):
    return [secret[start : start + 8] for start in range(len(secret) - 7)]


def test_a_long_text_is_cut_without_leaving_half_a_key():
    left = scrub("a " * (LONGEST // 2 - 4) + anthropic_key() + " tail")
    assert len(left) <= LONGEST + 1
    assert "sk-" not in left


@pytest.mark.parametrize(
    "piece", ["x", "sk-", "sk-.....", "a-", "*", "a***", "T3Blb", "eyA", "w ", "•", "AKIA", "0af."]
)
def test_the_cost_of_a_long_text_has_an_end(piece):
    started = time.thread_time()
    scrub(piece * (200_000 // len(piece)), SECRET)
    scrub(piece * (LONGEST // len(piece)), SECRET)
    assert time.thread_time() - started < 1
