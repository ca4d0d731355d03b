"""The languages of the chat: each says everything that the others say, and a page is in one of them alone."""

import re
from types import SimpleNamespace

import pytest

from core.bots.reasons import FAILURE_SENTENCE, OUT_OF_MESSAGES_SENTENCE, STOPPED_SENTENCE
from web import languages
from web.languages import CODES, best, words

SECTIONS = ("page", "told", "loader")
SAME_AS_ENGLISH = {
    ("de", "Online"), ("de", "Offline"), ("de", "Chat"), ("fr", "Conversation"), ("fr", "Sources"),
    ("fr", "Chat"), ("es", "Chat"), ("pt", "Online"), ("pt", "Chat"),
}  # fmt: skip
OTHERS = CODES[1:]


def shape(code):
    """Every key, with the placeholders of its sentence."""
    told = words(code)
    return {
        (section, key): sorted(re.findall(r"{\w*}", text))
        for section in SECTIONS
        for key, text in getattr(told, section).items()
    }


def test_every_language_has_the_same_keys_and_placeholders():
    shapes = {code: shape(code) for code in CODES}
    assert shapes == dict.fromkeys(CODES, shapes["en"])
    files = {
        path.stem
        for path in languages.files(languages.__name__).iterdir()
        if path.suffix == ".toml"
    }
    assert files == set(CODES)


@pytest.mark.parametrize("code", OTHERS)
def test_every_sentence_is_translated_and_neat(code):
    english, told = words("en"), words(code)
    for section in SECTIONS:
        for key, text in getattr(told, section).items():
            assert text == " ".join(text.split(" ")).strip(), (code, key)
            ours = getattr(english, section)[key]
            assert text != ours or (code, text) in SAME_AS_ENGLISH, (code, key)


def test_arabic_is_written_in_arabic_and_japanese_in_japanese():
    scripts = {"ar": r"[\u0600-\u06ff]", "ja": r"[\u3040-\u30ff\u4e00-\u9fff]"}
    for code, script in scripts.items():
        for section in SECTIONS:
            assert all(re.search(script, text) for text in getattr(words(code), section).values())
    assert [code for code in CODES if words(code).direction == "rtl"] == ["ar"]


def test_english_says_what_the_endpoint_says():
    told = words("en").told
    assert told["answer_failed"] == FAILURE_SENTENCE
    assert told["unavailable"] == OUT_OF_MESSAGES_SENTENCE
    assert told["stopped"] == STOPPED_SENTENCE


@pytest.mark.parametrize(
    ("accepted", "look", "chosen", "code"),
    [
        ("", "auto", "", "en"),
        ("de", "auto", "", "de"),
        ("pt-BR,en;q=0.5", "auto", "", "pt"),
        ("en;q=0.2, fr-CA;q=0.8", "auto", "", "fr"),
        ("zh-TW, AR_EG;q=0.3", "auto", "", "ar"),
        ("zh, ko", "auto", "", "en"),
        ("ja;q=0, es", "auto", "", "es"),
        ("de", "fr", "", "fr"),
        ("de", "fr", "ja", "ja"),
        ("de", "auto", "xx", "de"),
        ("de;q=a,,;;", "auto", "<script>", "en"),
        ("x" * 100_000, "auto", "y" * 100_000, "en"),
    ],
)
def test_the_language_is_what_was_chosen_else_the_looks_else_the_browsers(
    accepted, look, chosen, code
):
    assert best(accepted, SimpleNamespace(language=look), chosen) == code


@pytest.mark.parametrize(
    ("seconds", "when"),
    [
        (1, "1 min"),
        (60, "1 min"),
        (61, "2 min"),
        (5_400, "90 min"),
        (5_401, "2 h"),
        (86_400, "24 h"),
    ],
)
def test_when_there_is_room_again_is_rounded_up(seconds, when):
    assert words("en").again_in(seconds) == f"There is room again in {when}."
