"""By keyboard alone: an admin does the day's work, a visitor has a conversation; each sees where they are."""

import re

import pytest
from playwright.sync_api import expect

from core.keys.models import VALID
from tests import marker
from tests.bot_client import key_of, make_bot, make_key
from tests.live.children import until
from tests.live.keyboard import Keyboard
from tests.live.pages import PASSWORD, Chat
from tests.providers import Reply

pytestmark = [pytest.mark.xdist_group("live-2"), pytest.mark.browser]

KEY = marker.anthropic_key("kEy1")
CHECK_MILLISECONDS = 30_000


def heading(keys, text):
    expect(keys.page.get_by_role("heading", level=1)).to_have_text(text)
    keys.page.wait_for_load_state()


def test_an_admin_adds_a_key_makes_a_bot_invites_somebody_and_downgrades(
    live, owner, workspace, provider, windows
):
    provider.accept(KEY)
    keys = Keyboard(windows.open(f"{live.url}/sign-in?next=/w/{workspace.slug}"))
    keys.write("Email", owner.email)
    keys.write("Password", PASSWORD)
    keys.press("Enter")
    heading(keys, "Home")
    adds_a_key(keys, workspace)
    leaves_what_floats_with_escape(keys)
    makes_a_bot(keys)
    invites(keys)
    downgrades(keys)


def adds_a_key(keys, workspace):
    keys.follow("Provider keys")
    heading(keys, "Provider keys")
    keys.skip_to_content()
    keys.follow("Add your first key")
    keys.choose("Anthropic")
    keys.write("Key", KEY)
    keys.press("Enter")
    check = keys.page.locator("#key-check")
    expect(check).to_contain_text("It’s saved", timeout=CHECK_MILLISECONDS)
    keys.follow("Done")
    expect(keys.page.locator("#key-anthropic")).to_contain_text("Valid")
    assert key_of(workspace).status == VALID


def leaves_what_floats_with_escape(keys):
    """The focus is back where it was."""
    keys.page.reload()
    keys.press("/")
    assert keys.focus().role == "combobox"
    keys.press("Escape")
    keys.to("DisclosureTriangle", "More actions for the Anthropic key")
    keys.press("Enter")
    keys.to("button", "Disable", "ArrowDown")
    keys.press("Escape")
    assert keys.focus().name.startswith("More actions for the Anthropic key")
    keys.to("link", "Replace the Anthropic key", "Shift+Tab")
    keys.press("Enter")
    expect(keys.page.get_by_role("dialog")).to_be_visible()
    assert keys.focus().name == "New key"
    keys.press("Escape")
    expect(keys.page.get_by_role("dialog")).to_be_hidden()
    assert keys.focus().name == "Replace the Anthropic key"
    keys.page.reload()


def makes_a_bot(keys):
    keys.follow("Bots")
    heading(keys, "Bots")
    keys.skip_to_content()
    keys.follow("Create your first bot")
    heading(keys, re.compile("bot"))
    keys.skip_to_content()
    keys.write("Name", "Support")
    keys.choose("Claude Haiku 4.5")
    keys.push("Create bot")
    heading(keys, "Support")


def invites(keys):
    keys.follow("People")
    heading(keys, "People")
    keys.skip_to_content()
    keys.follow("Invite")
    expect(keys.page.get_by_role("dialog")).to_be_visible()
    assert keys.focus().name == "Email"
    keys.page.keyboard.type("rita@example.com")
    keys.choose("Billing manager")
    keys.press("Enter")
    expect(keys.page.locator("main")).to_contain_text("rita@example.com")


def downgrades(keys):
    keys.follow("Plan")
    heading(keys, "Plan & balance")
    keys.skip_to_content()
    keys.follow("Change to Free")
    heading(keys, "Change to Free")
    keys.skip_to_content()
    keys.to("checkbox", "Switch it to Mini")
    keys.push("Change to Free")
    expect(keys.page.locator(".switcher")).to_contain_text("Free plan")


def test_a_visitor_opens_asks_stops_retries_rates_and_closes(live, workspace, provider, windows):
    make_key(workspace)
    bot = make_bot(workspace, "anthropic:claude-haiku-4-5")
    keys = Keyboard(windows.open(f"{live.url}/demo/{bot.id}"))
    keys.to("button", "Open the chat")
    keys.press("Enter")
    until(lambda: keys.focus().role == "textbox", 20, "the line to write in")
    chat = Chat(next(frame for frame in keys.page.frames if "/frame" in frame.url))
    asks(keys, chat, provider)
    stops(keys, chat, provider)
    retries(keys, chat)
    rates(keys, chat)
    keys.press("Escape")
    assert keys.focus().name == "Open the chat"
    assert keys.page.evaluate("Mevichat.isOpen") is False


def asks(keys, chat, provider):
    keys.page.keyboard.type("Do you ship to Norway?")
    keys.press("Enter")
    expect(chat.answers.last.locator(".text")).to_have_text("You said: Do you ship to Norway?")
    expect(chat.answers.last).to_have_attribute("data-status", "complete")


def stops(keys, chat, provider):
    provider.next(Reply.stall(after_chunks=4, text="It is a long way to Norway, and back"))
    keys.page.keyboard.type("And how long?")
    keys.press("Enter")
    expect(chat.answers.last.locator(".text")).to_contain_text("It is")
    keys.push("Stop")
    expect(chat.answers.last).to_have_attribute("data-stopped", "")


def retries(keys, chat):
    keys.to("button", "Retry", "Shift+Tab")
    keys.press("Enter")
    expect(chat.answers.last.locator(".text")).to_have_text("You said: And how long?")


def rates(keys, chat):
    keys.to("button", "Helpful", "Shift+Tab")
    keys.press("Space")
    pressed = chat.answers.get_by_role("button", pressed=True)
    expect(pressed).to_have_accessible_name("Helpful")


@pytest.mark.parametrize(
    ("control", "fault"),
    [
        ("<button></button>", "has no name"),
        ("<button style='outline: none'>Send</button>", "has no visible ring"),
        ("<button style='outline: 2px solid #eee'>Send</button>", "has no visible ring"),
        (
            "<button>Send</button><p style='position: fixed; inset: 0; background: red'>",
            "cannot be seen",
        ),
        (
            "<button style='position: absolute; clip-path: inset(50%); width: 1px'>Send</button>",
            "cannot be seen",
        ),
    ],
)
def test_what_has_the_focus_and_cannot_be_found_is_a_fault(browser, control, fault):
    page = browser.new_page()
    page.set_content(control)
    keys = Keyboard(page)
    keys.press("Tab")
    assert fault in keys.focus().faults
    page.close()
