"""What a visitor sees, hosted and in a frame: every language and state, offline, unread, right to left."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect
from sqlalchemy import update

from core import clock
from core.bots.models import Conversation, Message
from core.db import transaction
from tests.bot_client import make_bot, make_key
from tests.live.axe import violations
from tests.live.children import ROOT, until
from tests.live.pages import Chat
from tests.providers import Reply
from tests.site import Says, Site
from web.chat.languages import CODES, words

pytestmark = [pytest.mark.xdist_group("live"), pytest.mark.browser]

PICTURES = ROOT / "artifacts"
HAIKU = "anthropic:claude-haiku-4-5"
PHONE, DESK = {"width": 360, "height": 740}, {"width": 1280, "height": 860}
RICH = """Parcels arrive within **two days** [1]; their price [2] is in `a[2]` and [9].

| Country | Days |
| --- | ---: |
| Norway | 2 |

```python
print("a line that is longer than any phone is wide, so that it has to be scrolled sideways by somebody")
```

![a picture](https://example.com/x.png) and https://example.com/path. عربي في النهاية"""
SOURCES = [
    {"number": 1, "title": "Shipping to all countries of the world, and to some that are none", "url": "https://example.com/s"},
    {"number": 2, "title": "الأسعار", "url": ""},
]  # fmt: skip
LONG = " ".join(f"word{number}" for number in range(40))
MINI_HOST = """<!doctype html><title>Shop</title><iframe id="chat" title="Chat" width="380" height="600"
 src="{frame}"></iframe><script>
 const frame = document.getElementById("chat");
 const say = (type, facts) => frame.contentWindow.postMessage({{ mevichat: 1, type, ...facts }}, "*");
 window.heard = [];
 addEventListener("message", (event) => {{
   heard.push(event.data);
   if (event.data.type === "token") window.token = event.data.token;
   if (event.data.type === "ready") say("hello", {{ token: window.token ?? "", open: true }});
 }});</script>"""


@pytest.fixture
def bot(workspace, provider):
    make_key(workspace)
    return make_bot(workspace, HAIKU, welcome="Ahoy!", starters=("Where is my parcel?",))


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as running:
        yield running


@pytest.fixture
def framed(live, workspace, provider, site, windows):
    """A page of somebody's site that frames the chat, and does what the widget's script does."""
    make_key(workspace)
    bot = make_bot(workspace, HAIKU, allowed_origins=(site.url,))
    page = f"{live.url}/chat/{bot.id}/frame?lang=en"
    site.pages["/"] = Says.page("", "")
    site.pages["/"] = Says(MINI_HOST.format(frame=page).encode())
    site.pages["/favicon.ico"] = Says()
    host = windows.open(site.url)
    until(lambda: "ready" in frame_messages(host), 10, "the frame to be ready")
    return host


def frame_messages(host, kind=""):
    """The types of what the frame said, or the facts of one type."""
    said = host.evaluate("heard")
    return [one for one in said if one["type"] == kind] if kind else [one["type"] for one in said]


def send(page, text):
    page.locator("#text").fill(text)
    page.locator("#send").click()


def ended(page, status="complete"):
    expect(page.locator('#log [data-role="answer"]').last).to_have_attribute("data-status", status)


def of(bot, model, **values):
    with transaction() as current:
        change = update(model).where(model.bot_id == bot.id).values(**values)
        current.execute(change, execution_options={"synchronize_session": False})


class Look:
    """One picture and one look of axe for each state, on a phone in light and on a desk in dark."""

    def __init__(self, page, code):
        self.page, self.code = page, code

    def at(self, state):
        for size, theme in ((PHONE, "light"), (DESK, "dark")):
            self.page.set_viewport_size(size)
            self.page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            path = PICTURES / f"chat-{self.code}-{state}-{size['width']}-{theme}.png"
            self.page.screenshot(path=path)
            overflow = self.page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert overflow <= 0, (self.code, state, size)
            assert not violations(self.page), (self.code, state, size, theme)


@pytest.mark.parametrize("code", ["en", "ar"])
def test_every_state_is_in_order_in_both_directions(live, bot, provider, windows, code):
    PICTURES.mkdir(exist_ok=True)
    sentences = words(code).notices
    page = windows.open(f"{live.url}/chat/{bot.id}?lang={code}", locale="en-US")
    appearance = Look(page, code)
    appearance.at("empty")
    provider.next(Reply.answer(LONG, chunk_delay_seconds=0.5))
    send(page, "Tell me all of it")
    expect(page.locator(".text", has_text="word2")).to_be_visible()
    appearance.at("answering")
    page.locator("#stop").click()
    ended(page, "interrupted")
    appearance.at("stopped")
    provider.next(Reply.status(500))
    send(page, "And now?")
    ended(page, "failed")
    expect(page.locator(".failed:visible")).to_have_text(sentences["answer_failed"])
    appearance.at("failed")
    provider.next(Reply.answer(RICH))
    send(page, "How long does a parcel take?")
    ended(page)
    of(bot, Message, sources=SOURCES)
    page.reload()
    expect(page.locator(".sources:visible li")).to_have_count(6)
    appearance.at("answered")
    page.context.set_offline(True)
    expect(page.locator("#offline")).to_have_text(sentences["offline"])
    appearance.at("offline")
    page.context.set_offline(False)
    of(bot, Conversation, expires_at=clock.now())
    send(page, "Is anybody there?")
    expect(page.locator("#note")).to_have_text(sentences["bad_token_kept"])
    windows.expect_status(401)
    appearance.at("ended")


@pytest.mark.parametrize("code", [code for code in CODES if code not in ("en", "ar")])
def test_every_language_is_in_order(live, bot, provider, windows, code):
    PICTURES.mkdir(exist_ok=True)
    sentences = words(code)
    with transaction() as current:
        current.merge(bot)
        bot.daily_limit = 1
    page = windows.open(f"{live.url}/chat/{bot.id}?lang={code}")
    provider.next(Reply.status(500))
    send(page, "One")
    ended(page, "failed")
    send(page, "Two")
    note = page.locator("#note")
    expect(note).to_contain_text(sentences.notices["too_many_messages"])
    windows.expect_status(429)
    expect(note).to_contain_text(sentences.notices["again"].partition("{when}")[2])
    assert page.evaluate(
        "Intl.RelativeTimeFormat.supportedLocalesOf(document.documentElement.lang)"
    ) == [code]
    Look(page, code).at("limited")
    page.get_by_role("button", name=sentences.page["new_conversation"]).click()
    expect(page.get_by_label(sentences.page["message"], exact=True)).to_have_value("Two")


def test_an_answer_shows_tables_code_links_and_its_sources_and_loads_nothing(
    live, bot, provider, windows
):
    page = windows.open(
        f"{live.url}/chat/{bot.id}", permissions=["clipboard-read", "clipboard-write"]
    )
    provider.next(Reply.answer(RICH))
    send(page, "How long does a parcel take?")
    ended(page)
    of(bot, Message, sources=SOURCES)
    page.reload()
    answer = page.locator('[data-role="answer"] .text')
    expect(answer.locator("td")).to_have_text(["Norway", "2"])
    expect(answer.locator("a.cite")).to_have_attribute("href", "https://example.com/s")
    expect(answer.locator("a.cite")).to_have_attribute("aria-label", f"1: {SOURCES[0]['title']}")
    expect(answer.locator("span.cite")).to_have_text("2")
    expect(answer.locator("p code")).to_have_text("a[2]")
    assert "[9]" in answer.inner_text()
    expect(answer.get_by_role("link", name="a picture")).to_have_attribute(
        "href", "https://example.com/x.png"
    )
    expect(answer.get_by_role("link", name="https://example.com/path")).to_have_attribute(
        "dir", "ltr"
    )
    assert page.locator("img").count() == 0
    answer.get_by_role("button", name="Copy").click()
    expect(answer.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()").startswith('print("a line')


def test_offline_what_is_written_is_kept_and_an_answer_goes_on_where_it_was(
    live, bot, provider, windows
):
    chat = Chat(windows.open(f"{live.url}/chat/{bot.id}"))
    page = chat.page
    provider.next(Reply.answer(LONG, chunk_delay_seconds=0.1))
    chat.ask("Tell me all of it")
    before = chat.wait_for_words(20)
    page.context.set_offline(True)
    expect(page.locator("#state")).to_have_text("Offline")
    expect(page.locator("#offline")).to_be_visible()
    page.context.set_offline(False)
    chat.wait_for_its_end()
    assert chat.text == LONG and LONG.startswith(before)
    expect(page.locator("#offline")).to_be_hidden()
    expect(page.locator("#state")).to_have_text("Online")
    page.context.set_offline(True)
    send(page, "Are you there?")
    expect(page.locator("#note")).to_contain_text("Your message is still here")
    expect(page.get_by_label("Your message")).to_have_value("Are you there?")
    expect(chat.questions).to_have_count(1)
    page.context.set_offline(False)
    expect(page.locator("#note")).to_be_hidden()
    page.reload()
    expect(page.get_by_label("Your message")).to_have_value("Are you there?")
    page.get_by_role("button", name="Send").click()
    expect(chat.questions).to_have_count(2)
    chat.wait_for_its_end()
    page.reload()
    expect(page.get_by_label("Your message")).to_have_value("")
    assert len(provider.streams) == 2
    windows.complaints[:] = [text for text in windows.complaints if "net::ERR_" not in text]


def test_a_new_conversation_begins_at_once_also_while_an_answer_is_written(
    live, bot, provider, windows
):
    chat = Chat(windows.open(f"{live.url}/chat/{bot.id}"))
    page = chat.page
    provider.next(Reply.answer(LONG, chunk_delay_seconds=0.5))
    chat.ask("Tell me all of it")
    chat.wait_for_words(5)
    page.get_by_role("button", name="New conversation").click()
    expect(page.locator("#log li")).to_have_count(0)
    expect(page.get_by_label("Your message")).to_be_focused()
    page.get_by_role("button", name="Where is my parcel?").click()
    ended(page)
    assert chat.text == "You said: Where is my parcel?"
    page.reload()
    expect(chat.questions).to_have_count(1)


def test_in_a_frame_the_site_keeps_the_token_and_hears_what_happens(framed):
    host, frame = framed, framed.frame_locator("#chat")
    page = host.frames[1]
    send(page, "one two")
    ended(page)
    visitor, answer = frame_messages(host, "message")
    assert (visitor["role"], answer["role"], answer["status"]) == ("visitor", "answer", "complete")
    assert visitor["conversation_id"] == answer["conversation_id"] != ""
    assert "text" not in visitor | answer
    assert host.evaluate("token").startswith("mvv")
    assert page.evaluate("[localStorage.length, document.cookie]") == [0, ""]
    host.evaluate('frame.contentWindow.location.replace(frame.src + "&again")')
    until(lambda: frame_messages(host).count("ready") == 2, 10, "the frame to be there again")
    expect(frame.locator("#log .text")).to_have_text(["one two", "You said: one two"])
    host.evaluate('say("ask", { text: "three" })')
    expect(frame.locator("#log .text").last).to_have_text("You said: three")
    assert frame_messages(host, "message")[-1]["conversation_id"] == visitor["conversation_id"]
    host.evaluate('say("restart")')
    expect(frame.locator("#log li")).to_have_count(0)
    assert host.evaluate("token") == ""


def test_what_ends_while_the_window_is_closed_is_counted_and_stands_under_a_line(framed, provider):
    host, frame = framed, framed.frame_locator("#chat")
    gate = provider.hold()
    send(host.frames[1], "one two")
    gate.wait_for(1)
    host.evaluate('say("closed")')
    gate.open()
    expect(frame.locator(".parted")).to_have_text("New")
    until(lambda: frame_messages(host, "unread"), 5, "the count")
    host.evaluate('say("opened", { focus: true })')
    until(lambda: len(frame_messages(host, "unread")) == 2, 5, "the count to be taken back")
    assert [one["count"] for one in frame_messages(host, "unread")] == [1, 0]
    expect(frame.get_by_label("Your message")).to_be_focused()
    assert not violations(host.frames[1])
    host.keyboard.press("Escape")
    until(lambda: frame_messages(host, "close"), 5, "the frame to ask to be closed")
    frame.get_by_role("button", name="Close the chat").click()
    until(lambda: len(frame_messages(host, "close")) == 2, 5, "the frame to ask to be closed")
    send(host.frames[1], "three")
    expect(frame.locator(".parted")).to_have_count(0)
