"""Try it in a browser: what is asked in the frame is told beside it, and a reload goes on with it."""

import pytest
from playwright.sync_api import expect

from core.accounts.actor import OPERATOR
from core.db import work_context
from core.knowledge import indexing, sources
from tests.bot_client import make_bot, make_key
from tests.live.axe import violations
from tests.live.children import ROOT
from tests.people import PASSWORD
from tests.providers import Reply

pytestmark = [pytest.mark.xdist_group("live"), pytest.mark.browser]

PICTURES = ROOT / "artifacts"
HAIKU = "anthropic:claude-haiku-4-5"
QUESTION, LATER = "Do you ship lamps to Norway?", "Are lamps shipped to Norway?"
SIZES = ({"width": 360, "height": 740}, {"width": 1440, "height": 900})


@pytest.fixture
def bot(workspace, provider):
    make_key(workspace)
    bot = make_bot(workspace, HAIKU, welcome="Hello! Ask about lamps.", starters=(QUESTION,))
    text = "We ship lamps to Norway within three days."
    made = sources.add_text(workspace, bot.id, "Shipping", text, OPERATOR)
    with work_context():
        indexing.run(made.id, made.attempt)
    return bot


@pytest.fixture
def page(live, windows, owner, workspace, bot):
    """The page, with an owner before it."""
    here = f"/w/{workspace.slug}/bots/{bot.id}/trial"
    page = windows.open(f"{live.url}/sign-in?next={here}", reduced_motion="reduce")
    page.get_by_label("Email").fill(owner.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Try Support")
    expect(page.locator("iframe:not([inert])")).to_be_visible()  # its scripts are there
    return page


def ask(page, text):
    frame = page.frame_locator("iframe")
    frame.get_by_label("Your message").fill(text)
    frame.get_by_role("button", name="Send").click()


def turns(page):
    return page.locator("#trial-turns > li")


def test_each_answer_is_told_beside_the_frame_the_newest_first(page, live, provider):
    frame = page.frame_locator("iframe")
    expect(page.get_by_text("After each answer you’ll see its model")).to_be_visible()
    provider.next(Reply.answer("Yes, **within three days** [1].", tokens_in=1000, tokens_out=100))
    frame.get_by_role("button", name=QUESTION).click()
    expect(turns(page)).to_have_count(1)
    for fact in ("Claude Haiku 4.5, Anthropic", "$0.0015", "Shipping", "Answered"):
        expect(turns(page)).to_contain_text(fact)
    expect(page.locator("#live")).to_contain_text("Answered in")
    expect(page.get_by_text("After each answer you’ll see its model")).to_be_hidden()

    provider.next(Reply.status(529))
    ask(page, LATER)
    expect(turns(page)).to_have_count(2)
    expect(turns(page).first).to_contain_text(LATER)
    expect(turns(page).first).to_contain_text("Anthropic was overloaded. The key stays valid.")
    check_appearance(page, "trial")
    frame.get_by_label("Your message").press("Escape")
    expect(page.get_by_role("heading", name="Answer details")).to_be_focused()

    provider.next(Reply.answer("In three days."))
    frame.get_by_role("button", name="Retry").click()
    expect(turns(page).first).to_contain_text("In three days.")
    expect(turns(page)).to_have_count(2)

    page.reload()
    expect(page.locator("iframe:not([inert])")).to_be_visible()
    expect(frame.get_by_text("In three days.")).to_be_visible()
    before = page.get_by_role("region", name="Latest test conversation")
    expect(before.get_by_role("heading", level=3)).to_have_text([LATER, QUESTION])
    page.get_by_role("link", name="Full conversation").click()
    expect(page.locator(".lede")).to_contain_text(live.url)


def test_only_the_frame_is_heard(page):
    """Another window's word, or one of the frame's that is no id, fetches nothing."""
    requests = []
    expect(page.frame_locator("iframe").get_by_text("Hello! Ask about lamps.")).to_be_visible()
    page.on("request", lambda request: requests.append(request.url))
    page.evaluate(
        """() => {
          window.last = new Promise((done) => {
            addEventListener("message", ({ data }) => data === "last" && done());
          });
          postMessage({ mevichat: 1, type: "message", role: "answer", message_id: "msg_0" }, origin);
        }"""
    )
    page.frames[1].evaluate(
        """() => {
          parent.postMessage({ mevichat: 1, type: "message", role: "answer", message_id: "../x" });
          parent.postMessage("last");
        }"""
    )
    page.evaluate("window.last")
    assert not [url for url in requests if "/trial/" in url]


def check_appearance(page, name):
    """A picture for each width and theme, and what axe says."""
    PICTURES.mkdir(exist_ok=True)
    for size in SIZES:
        page.set_viewport_size(size)
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme)
            page.screenshot(path=PICTURES / f"{name}-{size['width']}-{theme}.png", full_page=True)
            assert not violations(page, only_colors=theme == "dark")
        overflow = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert overflow <= 0
