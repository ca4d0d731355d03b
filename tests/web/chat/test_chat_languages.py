"""The languages of the chat: each says everything that the others say, and a page is in one of them alone."""

import json
import re
from html import unescape
from os.path import dirname, normpath
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import quote

import html5lib
import pytest

from core import clock
from core.bots.answers.failure_messages import (
    FAILURE_SENTENCE,
    OUT_OF_MESSAGES_SENTENCE,
    STOPPED_SENTENCE,
)
from core.db import transaction
from tests.bot_client import make_bot
from tests.browser import Browser
from tests.providers import Reply
from web.chat import languages
from web.chat.languages import CODES, best, words

SECTIONS = ("page", "notices", "loader")
SAME_AS_ENGLISH = {
    ("de", "Online"), ("de", "Offline"), ("de", "Chat"), ("fr", "Conversation"), ("fr", "Sources"),
    ("fr", "Chat"), ("es", "Chat"), ("pt", "Online"), ("pt", "Chat"),
}  # fmt: skip
OTHERS = CODES[1:]


def shape(code):
    """Every key, with the placeholders of its sentence."""
    sentences = words(code)
    return {
        (section, key): sorted(re.findall(r"{\w*}", text))
        for section in SECTIONS
        for key, text in getattr(sentences, section).items()
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
    english, sentences = words("en"), words(code)
    for section in SECTIONS:
        for key, text in getattr(sentences, section).items():
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
    sentences = words("en").notices
    assert sentences["answer_failed"] == FAILURE_SENTENCE
    assert sentences["unavailable"] == OUT_OF_MESSAGES_SENTENCE
    assert sentences["stopped"] == STOPPED_SENTENCE


@pytest.mark.parametrize(
    ("accepted", "appearance", "chosen", "code"),
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
    accepted, appearance, chosen, code
):
    assert best(accepted, SimpleNamespace(language=appearance), chosen) == code


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
    assert words("en").again_in(seconds) == f"Try again in {when}."


@pytest.fixture
def bot(cast):
    return make_bot(cast.workspace, name="Ωmega", welcome="¡Ωlé!", starters=("¿Ω?",))


def page_of(browser, url):
    return html5lib.parse(browser.get(url).text, namespaceHTMLElements=False)


def seen(page):
    """All that a page shows or says to the ear, without what its script keeps for later."""
    said = [
        text
        for node in page.iter()
        if node.tag not in ("script", "noscript")
        for text in texts(node)
    ]
    return " ".join(" ".join(said).split())


def texts(node):
    named = (
        node.get(name) for name in ("aria-label", "placeholder", "alt", "title", "data-offline")
    )
    return [text for text in (node.text, *named, node.tail) if text]


@pytest.mark.parametrize("code", CODES)
def test_a_page_is_in_one_language_from_its_head_to_its_foot(app, bot, provider, code):
    browser, sentences = Browser(app), words(code)
    url = f"/chat/{bot.id}?lang={code}"
    provider.next(Reply.status(500))
    sent = browser.post(f"/chat/{bot.id}/messages?lang={code}", {"text": "Ω?"})
    assert sent.location == url
    page = page_of(browser, url)
    root = next(page.iter("html"))
    assert (root.get("lang"), root.get("dir")) == (code, sentences.direction)
    shown = seen(page)
    elsewhere = {"come_back", "nobody", "check_address", "close", "privacy"}
    wanted = {
        key: " ".join(text.split()) for key, text in sentences.page.items() if key not in elsewhere
    }
    assert {key for key, text in wanted.items() if text not in shown} == set()
    assert " ".join(sentences.notices["answer_failed"].split()) in shown
    assert all(form.get("action").endswith(f"?lang={code}") for form in page.iter("form"))
    (chat,) = (node for node in page.iter("div") if node.get("id") == "chat")
    assert json.loads(chat.get("data-words")).items() >= sentences.notices.items()
    if code != "en":
        rest = shown.replace("Mevichat", "")
        for word in {text for _, text in SAME_AS_ENGLISH} | {"Ω", "AI", "OL", "KI"}:
            rest = rest.replace(word, "")
        assert not re.search(
            r"\b(the|you|your|answer|send|write|can|with|new)\b", rest, re.IGNORECASE
        )


def test_the_page_speaks_the_browsers_language_and_the_looks_above_it(app, bot):
    client = app.test_client()
    headers = {"Accept-Language": "fr-CH, de;q=0.5"}
    assert '<html lang="fr" dir="ltr"' in client.get(f"/chat/{bot.id}", headers=headers).text
    change_appearance(bot, {"language": "ar"})
    assert '<html lang="ar" dir="rtl"' in client.get(f"/chat/{bot.id}", headers=headers).text
    assert '<html lang="ja"' in client.get(f"/chat/{bot.id}?lang=ja", headers=headers).text
    change_appearance(bot, {"language": "ar", "direction": "ltr"})
    assert '<html lang="ar" dir="ltr"' in client.get(f"/chat/{bot.id}").text


def test_the_owners_own_words_stand_above_every_languages(app, bot):
    own = {
        "title": "Titel", "subtitle": "Untertitel", "placeholder": "Platz", "disclaimer": "Hinweis",
        "privacy_url": "https://example.com/p?a=1&b=2", "privacy_text": "Ihre Daten", "powered_by": False,
    }  # fmt: skip
    change_appearance(bot, own)
    shown = seen(page := page_of(Browser(app), f"/chat/{bot.id}?lang=fr"))
    assert all(
        text in shown for name, text in own.items() if name not in ("privacy_url", "powered_by")
    )
    assert "Mevichat" not in shown
    assert words("fr").page["disclaimer"] not in shown
    assert own["privacy_url"] in {link.get("href") for link in page.iter("a")}


def change_appearance(bot, appearance):
    with transaction() as current:
        current.merge(bot)
        bot.look = appearance


@pytest.mark.parametrize("code", CODES)
def test_without_a_script_a_refusal_is_in_the_same_language(app, bot, code):
    browser, sentences = Browser(app), words(code).notices
    url = f"/chat/{bot.id}/messages?lang={code}"
    for text, key in ((" ", "empty"), ("x" * 8_001, "too_large")):
        refused = browser.post(url, {"text": text})
        assert refused.status_code == 422
        assert sentences[key] in unescape(refused.text)
    limit(bot, 1)
    browser.post(url, {"text": "One"})
    refused = browser.post(url, {"text": "Two"})
    assert refused.status_code == 429
    assert sentences["too_many_messages"] in unescape(refused.text)
    assert sentences["again"].partition("{when}")[0] in unescape(refused.text)
    limit(bot, 1, "Genug für heute.")
    assert "Genug für heute." in browser.post(url, {"text": "Three"}).text


def limit(bot, daily, text=""):
    with transaction() as current:
        current.merge(bot)
        bot.daily_limit, bot.limit_text = daily, text


@pytest.mark.parametrize("code", CODES)
def test_where_no_chat_is_the_page_says_so_in_the_same_language(app, bot, code):
    browser, sentences = Browser(app), words(code)
    nobody = browser.get(f"/chat/bot_0?lang={code}")
    assert nobody.status_code == 404
    assert sentences.page["nobody"] in unescape(nobody.text)
    over = browser.post(f"/chat/{bot.id}/messages/msg_0/retry?lang={code}")
    assert over.status_code == 404
    assert (
        sentences.notices["bad_token"] in unescape(over.text)
        and sentences.loader["open"] in over.text
    )
    with transaction() as current:
        current.merge(bot)
        bot.enabled = False
    off = browser.get(f"/chat/{bot.id}?lang={code}")
    assert off.status_code == 403
    assert sentences.notices["bot_off"] in unescape(off.text)
    assert sentences.page["come_back"] in unescape(off.text)


def test_a_page_that_was_open_for_too_long_says_so(app, bot):
    app.config["WTF_CSRF_ENABLED"] = True
    old = app.test_client().post(f"/chat/{bot.id}/messages?lang=es", data={"text": "x"})
    assert old.status_code == 400
    assert words("es").notices["page_old"] in unescape(old.text)


def test_whatever_language_is_asked_for_the_page_is_ours_and_inert(app, bot):
    for headers in ("xx", "<script>", "de'\"><img src=x onerror=alert(1)>", "\u202e", "x" * 5_000):
        page = page_of(Browser(app), f"/chat/{bot.id}?lang={quote(headers)}")
        assert next(page.iter("html")).get("lang") in CODES
        assert not list(page.iter("img"))


def test_in_a_frame_the_page_has_its_close_button_and_no_field_of_a_form(app, bot):
    for code in ("de", "ar"):
        answer = app.test_client().get(f"/chat/{bot.id}/frame?lang={code}")
        assert words(code).page["close"] in answer.text
        assert "csrf_token" not in answer.text and "Set-Cookie" not in answer.headers


def test_every_module_that_the_page_imports_is_asked_for_with_it(app, bot):
    folder = Path(app.static_folder)
    found = [*folder.glob("chat/**/*.js"), *folder.glob("vendor/markdown-it@*/*.js")]
    sources = {path.relative_to(folder).as_posix(): path.read_text() for path in found}
    imported, left = set(), ["chat/main.js"]
    while left:
        module = left.pop()
        for path in re.findall(r'(?:from|import) "(\.[^"]+\.js)"', sources[module]):
            name = normpath(f"{dirname(module)}/{path}")
            if name not in imported:
                imported.add(name)
                left.append(name)
    client = app.test_client()
    page = client.get(f"/chat/{bot.id}").text
    asked_for = re.findall(r'rel="modulepreload" href="(/chat-scripts/\w+/([^"]+\.js))"', page)
    assert {name for _, name in asked_for} == imported == sources.keys() - {"chat/main.js"}
    for address, name in asked_for:
        script = client.get(address)
        assert script.text == sources[name] and script.mimetype == "text/javascript"
        assert script.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert "Set-Cookie" not in script.headers


def test_a_script_of_another_version_is_not_kept_and_what_is_none_is_not_there(app):
    client = app.test_client()
    other = client.get("/chat-scripts/0000000000/chat/main.js")
    assert other.status_code == 200
    assert (
        "no-cache" in other.headers["Cache-Control"]
        and "immutable" not in other.headers["Cache-Control"]
    )
    for name in (
        *("chat.css", "nothing.js", "..%2fjs%2fapp.js", "%2e%2e", "js/app.js", "chat/chat.css"),
        *(
            "main.js",
            "chat/../js/app.js",
            "chat/..%2fjs%2fapp.js",
            "vendor/htmx.org@2.0.11/htmx.min.js",
        ),
    ):
        assert client.get(f"/chat-scripts/0/{name}").status_code == 404


def test_a_deleted_bot_is_nobodys_chat(app, bot):
    with transaction() as current:
        current.merge(bot)
        bot.deleted_at = clock.now()
    gone = Browser(app).get(f"/chat/{bot.id}")
    assert gone.status_code == 404
    assert words("en").page["nobody"] in gone.text
