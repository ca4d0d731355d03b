"""Words that are meant to run: wherever they stand in the console and the chat, they stay words."""

import re
from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from tests.live.hostile import Signs, fill, printable_words, short_words, talks, words
from tests.live.pages import Chat, frame_of
from tests.people import PASSWORD
from tests.providers import Reply

pytestmark = [pytest.mark.xdist_group("live-2"), pytest.mark.browser]

ONE_OF_EACH = """<!doctype html><title>Not ours</title>
<script>window.violations = []; window.xss = 1</script>
<a href="javascript:xss=1">x</a> <a href="data:text/html,x" rel="noopener">x</a>
<img src=x onerror=xss=1> <b data-behavior="copy" data-copy="<img src=x onerror=xss=1>">x</b>
<p style="color: red">x</p> <iframe src="http://127.0.0.1:9/"></iframe>
<template><embed src="x"></template> <base href="/">"""
SIGNS = (
    "a script ran",
    "leads to javascript:",
    "leads to data:",
    "made from a word: <img",
    "made from a word: <b data-behavior",
    "has onerror",
    "has style",
    "asks 127.0.0.1:9",
    "no place here: <embed",
    "no place here: <base",
)


@pytest.fixture(scope="module")
def signs(browser):
    return Signs(browser)


@pytest.fixture
def page(live, owner, workspace, windows, signs):
    page = windows.open(f"{live.url}/sign-in?next=/w/{workspace.slug}")
    page.on("dialog", lambda dialog: windows.complaints.append(f"dialog: {dialog.message}"))
    signs.watch(page)
    page.get_by_label("Email").fill(owner.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Home")
    return page


def read(page):
    """What stands on the page and in its fields, without white space."""
    fields = "[...document.querySelectorAll('input, textarea')].map((field) => field.value)"
    text = page.evaluate(f"[document.body.textContent, ...{fields}].join()")
    return re.sub(r"\s", "", text)


def shown(page, expected):
    text = read(page)
    return sum(re.sub(r"\s", "", word) in text for word in expected)


def test_hostile_words_stay_words_in_the_console(
    live, inside, owner, workspace, page, signs, windows
):
    conversations = talks(inside, workspace)
    fill(inside, conversations, workspace, owner)
    every, names = words(), short_words()
    here, bot = f"/w/{workspace.slug}", f"/w/{workspace.slug}/bots/{conversations.bot.id}"
    found, all_words = f"{here}/conversations", quote(" ".join(every[:60]))
    for path, expected, least in (
        (here, names, 5),
        (f"{here}/bots", names, len(names)),
        (bot, names, 1),
        (f"{bot}/settings", names, 19),
        (f"{bot}/deletion", names, 1),
        (f"{bot}/look", names, 6),
        (f"{bot}/install", names, 1),
        (f"{here}/search?q=script", names, 3),
        (f"{bot}/knowledge", every, 50),
        (f"{here}/bots/{conversations.streaming.id}/settings", names, 1),
        (f"{here}/knowledge", names, 1),
        (found, every, 1),
        (f"{found}/{conversations.talk}", every, len(every)),
        (f"{found}/{conversations.failures}", every, len(every)),
        (f"{found}?q={all_words}", every, 10),
        (f"{bot}/knowledge/retrieval?question={all_words}", every, 1),
        (f"{here}/provider-keys", every, 0),
        (f"{here}/provider-keys/openai/deletion", every, 0),
        (f"{here}/people", names, len(names)),
        (f"{here}/gateway/tokens", printable_words(), len(printable_words())),
        (f"{here}/gateway/requests", every, 40),
        (f"{here}/gateway/route?model={quote(every[6])}", every, 1),
        (f"{here}/usage?by=bot", names, 0),
        (f"{here}/audit-log", names, 40),
        (f"{here}/plan/free", names, 1),
        (f"{here}/alerts", every, 0),
        ("/account", every, 0),
        (f"{here}/bots/{quote(every[0], safe='')}", every, 0),
    ):
        page.goto(live.url + path)
        assert not signs.on(page), path
        assert shown(page, expected) >= least, path
    windows.expect_status(404)


def test_hostile_words_stay_words_in_the_chat(
    live, inside, owner, workspace, provider, page, signs
):
    conversations = talks(inside, workspace)
    cookie = {"name": f"chat_{conversations.bot.id}", "value": conversations.token, "url": live.url}
    page.context.add_cookies([cookie])
    brought_by_the_page(live, page, signs, conversations)
    page.context.clear_cookies(name=cookie["name"])
    remembered_by_the_script(live, page, signs, conversations)
    written_while_one_looks(live, page, signs, conversations, provider)
    on_a_site(live, page, signs, conversations)


def brought_by_the_page(live, page, signs, conversations):
    page.goto(f"{live.url}/chat/{conversations.bot.id}")
    expect(Chat(page).answers).to_have_count(len(words()))
    page.wait_for_load_state("networkidle")
    assert not signs.on(page)
    assert shown(page, words()) == len(words())


def remembered_by_the_script(live, page, signs, conversations):
    page.evaluate(
        "([name, token]) => localStorage.setItem(name, token)",
        [f"chat:{conversations.bot.id}", conversations.token],
    )
    page.goto(f"{live.url}/chat/{conversations.bot.id}")
    expect(Chat(page).answers).to_have_count(len(words()))
    assert not signs.on(page)
    assert shown(page, words()) == len(words())


def written_while_one_looks(live, page, signs, conversations, provider):
    """Streamed a word at a time: what is half there is shown, too."""
    provider.next(Reply.answer("\n\n".join(words())))
    page.goto(f"{live.url}/chat/{conversations.streaming.id}")
    chat = Chat(page)
    chat.ask(words()[6])
    chat.wait_for_its_end()
    assert chat.status == "complete"
    assert not signs.on(page)
    assert len(chat.text) > 0.8 * len("".join(words()))


def on_a_site(live, page, signs, conversations):
    """The widget with its own words, and the frame with the conversation that the site has kept."""
    token = [f"mevichat:{conversations.bot.id}:token", conversations.token]
    page.evaluate("([name, token]) => localStorage.setItem(name, token)", token)
    page.goto(f"{live.url}/demo/{conversations.bot.id}")
    expect(page.locator("mevichat-widget .teaser")).to_be_visible()
    assert not signs.on(page)
    page.locator("mevichat-widget .launcher").click()
    frame = frame_of(page)
    expect(Chat(frame).answers).to_have_count(len(words()))
    assert not signs.on(frame)
    assert not signs.on(page)
    assert shown(frame, words()) == len(words())


def test_the_signs_show_a_page_on_which_words_ran(live, browser, signs):
    """Which nobody watches as `windows` does: it is full of what they would complain about."""
    page = browser.new_page()
    page.route(
        "**/not-ours", lambda route: route.fulfill(body=ONE_OF_EACH, content_type="text/html")
    )
    page.goto(f"{live.url}/not-ours")
    found = "\n".join(signs.on(page))
    page.close()
    assert [sign for sign in SIGNS if sign not in found] == []
