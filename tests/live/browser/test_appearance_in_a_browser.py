"""A bot's look is chosen in a browser, and the frame beside the form is what visitors get."""

import re

import pytest
from playwright.sync_api import expect

from core.accounts.actor import OPERATOR
from core.bots import bots
from core.bots.appearance import changes as appearance_changes
from core.bots.appearance.appearance import DEFAULTS, Appearance, appearance_of
from core.db import session
from tests.bot_client import make_bot
from tests.live.axe import violations
from tests.live.children import ROOT
from tests.people import PASSWORD
from tests.pictures import png

pytestmark = [pytest.mark.xdist_group("live"), pytest.mark.browser]

PICTURES = ROOT / "artifacts"
PLUM, PLUM_HEADER, TEAL = "rgb(122, 46, 142)", "rgb(74, 26, 88)", "rgb(13, 99, 96)"


@pytest.fixture
def bot(workspace):
    return make_bot(workspace, welcome="Hello! What can I do?", starters=("Where is my order?",))


@pytest.fixture
def page(live, windows, owner, workspace, bot):
    """The page of the bot's look, with an owner before it."""
    address = f"{live.url}/w/{workspace.slug}/bots/{bot.id}/look"
    page = windows.open(
        f"{live.url}/sign-in?next={address.removeprefix(live.url)}", reduced_motion="reduce"
    )
    page.get_by_label("Email").fill(owner.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Appearance")
    expect(
        frame_of(page).get_by_text("Do you ship to Norway?")
    ).to_be_visible()  # the scripts are there
    return page


def frame_of(page):
    return page.frame_locator("#look-frame")


def open_group(page, name):
    page.locator("summary", has_text=re.compile(rf"^\s*{name}")).click()


def stored(bot):
    session().commit()
    session().expire_all()
    return appearance_of(bots.get(bot.workspace_id, bot.id))


def test_what_is_typed_shows_in_the_frame_and_what_is_saved_shows_to_visitors(
    live, page, bot, windows
):
    frame, send = frame_of(page), frame_of(page).locator("#send")
    expect(send).to_have_css("background-color", TEAL)

    page.get_by_role("link", name="Plum").click()
    expect(send).to_have_css("background-color", PLUM)
    expect(frame.locator(".chat-head")).to_have_css("background-color", PLUM_HEADER)
    expect(page.locator("#look-button")).to_have_css("background-color", PLUM)
    expect(page.get_by_label("Accent", exact=True)).to_have_value("#7a2e8e")
    expect(page.get_by_text("Unsaved changes")).to_be_visible()

    page.get_by_label("Visitor bubble text", exact=True).fill("#a06bb0")
    expect(page.get_by_text("has a contrast of 2.0:1 and needs 4.5:1")).to_be_visible()
    page.get_by_role("button", name="Use #").click()
    expect(page.get_by_text("needs 4.5:1")).to_be_hidden()
    taken = page.get_by_label("Visitor bubble text", exact=True).input_value()

    open_group(page, "Header")
    page.get_by_label("Title", exact=True).fill("Ask Norre")
    expect(frame.get_by_role("heading", level=1)).to_have_text("Ask Norre")
    open_group(page, "Launcher")
    page.get_by_label("Left", exact=True).check()
    page.get_by_label("Greeting bubble").fill("Looking for a lamp?")
    expect(page.get_by_text("Looking for a lamp?", exact=True)).to_be_visible()
    expect(page.locator("#look-launcher")).to_have_attribute("data-side", "left")

    page.get_by_label("Welcome", exact=True).check()
    expect(frame.get_by_role("button", name="Where is my order?")).to_be_visible()
    expect(frame.get_by_text("Do you ship to Norway?")).to_be_hidden()
    page.get_by_label("Dark", exact=True).last.check()
    expect(frame.locator("body")).to_have_css("background-color", "rgb(24, 18, 27)")
    open_group(page, "Language")
    page.get_by_label("Language", exact=True).select_option("ar")
    expect(frame.locator("html[dir=rtl][lang=ar]")).to_be_attached()
    expect(frame.get_by_role("heading", level=1)).to_have_text("Ask Norre")
    expect(frame.locator("body")).to_have_css("background-color", "rgb(24, 18, 27)")

    assert stored(bot) == DEFAULTS
    page.get_by_role("button", name="Save appearance").click()
    expect(page.get_by_text("Saved. Visitors see it when they next load a page.")).to_be_visible()
    assert stored(bot).visitor_text == taken
    chat = windows.open(f"{live.url}/chat/{bot.id}")
    expect(chat.get_by_role("heading", level=1)).to_have_text("Ask Norre")
    expect(chat.locator("#send")).to_have_css("background-color", PLUM)


def test_the_page_and_its_preview_break_no_rule_on_any_screen(page, bot, workspace):
    """Every group open, in light and dark, on a phone and a desk: pictures are kept in artifacts/."""
    PICTURES.mkdir(exist_ok=True)
    page.locator("details:not([open]) > summary").evaluate_all(
        "all => all.forEach((one) => one.click())"
    )
    page.get_by_label("Links in answers", exact=True).fill("#cccccc")
    expect(page.get_by_role("button", name="Use #")).to_be_visible()
    for width, height in ((360, 740), (1440, 900)):
        page.set_viewport_size({"width": width, "height": height})
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme)
            page.screenshot(path=PICTURES / f"look-open-{width}-{theme}.png", full_page=True)
            page.evaluate("scrollTo(0, 0)")
            assert not violations(page), f"{width}, {theme}"


def test_every_preset_reads_in_the_frame(page):
    """What axe measures of the real frame, with every preset in both modes."""
    frame = page.frame(url=re.compile(r"/frame"))
    for name in ("Harbour", "Graphite", "Meadow", "Sunrise", "Plum", "Paper"):
        page.get_by_role("link", name=name).click()
        for mode in ("Light", "Dark"):
            page.get_by_label(mode, exact=True).last.check()
            accent = page.get_by_label("Accent", exact=True).input_value()
            expect(page.locator("#look-button")).to_have_css("background-color", rgb(accent))
            expect(frame_of(page).locator("#send")).to_have_css("background-color", rgb(accent))
            assert not violations(frame), f"{name}, {mode}"


def rgb(color):
    return "rgb({}, {}, {})".format(*(int(color[at : at + 2], 16) for at in (1, 3, 5)))


def test_a_picture_stands_at_the_head_and_only_the_console_may_dress_the_frame(
    page, bot, workspace
):
    appearance_changes.save(
        workspace, bot, Appearance.model_validate({"title": "Ask us"}), OPERATOR
    )
    open_group(page, "Header")
    face = {"name": "face.png", "mimeType": "image/png", "buffer": png(32, 32)}
    page.get_by_label("Picture", exact=True).last.set_input_files(face)
    page.get_by_role("button", name="Upload").click()
    expect(page.get_by_text("Picture saved. It’s shown in the chat header.")).to_be_visible()
    head = frame_of(page).locator(".chat-head img.avatar")
    expect(head).to_be_visible()
    assert head.evaluate("image => image.decode().then(() => image.naturalWidth)") == 32

    expect(frame_of(page).locator("h1")).to_have_text("Ask us")
    frame = page.frame(url=re.compile(r"/frame"))
    frame.evaluate(
        """(facts) => dispatchEvent(new MessageEvent("message", {
          source: parent, origin: "https://evil.example", data: { mevichat: 1, type: "look", ...facts },
        }))""",
        {"words": {"title": "Owned"}, "variables": {"--fill": "red"}},
    )
    expect(frame_of(page).locator("h1")).to_have_text("Ask us")
