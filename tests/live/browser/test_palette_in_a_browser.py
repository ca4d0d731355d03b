"""Search and commands by keyboard alone, and tables that sort in place, with the address as their state."""

import re

import pytest
from playwright.sync_api import expect

from core.accounts import workspaces
from core.accounts.actor import OPERATOR
from tests.bot_client import make_bot
from tests.live.axe import violations
from tests.people import PASSWORD

pytestmark = [pytest.mark.xdist_group("live"), pytest.mark.browser]


@pytest.fixture
def page(live, owner, workspace, windows):
    """The list of bots, of which there are three."""
    for name in ("Support", "Lamp finder", "Wholesale"):
        make_bot(workspace, name=name)
    page = windows.open(f"{live.url}/sign-in?next=/w/{workspace.slug}/bots")
    page.get_by_label("Email").fill(owner.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Bots")
    page.wait_for_load_state()  # before its scripts are there, links lead to pages of their own
    return page


def chosen(page):
    """What a screen reader is told to be chosen, while the focus stays in the line."""
    line = page.get_by_role("combobox")
    expect(line).to_be_focused()
    expect(line).to_have_attribute("aria-activedescendant", re.compile("^hit-"))
    return page.locator("#palette [role=option][aria-selected=true]")


def test_the_palette_goes_anywhere_without_a_mouse_and_gives_the_focus_back(page, live, workspace):
    palette, here = page.get_by_role("dialog", name="Search and commands"), page.url
    page.get_by_role("link", name="New bot").focus()
    page.keyboard.press("Control+k")
    expect(palette.get_by_role("option").first).to_be_visible()
    assert not violations(page)
    page.keyboard.press("Escape")
    expect(palette).to_be_hidden()
    expect(page.get_by_role("link", name="New bot")).to_be_focused()

    page.keyboard.press("/")
    page.keyboard.type("lamp")
    expect(palette.get_by_role("option", name="Lamp finder", exact=True)).to_have_attribute(
        "aria-selected", "true"
    )
    expect(palette.get_by_role("option").last).to_have_text("Search conversations for “lamp”")
    page.keyboard.press("ArrowDown")
    expect(chosen(page)).to_have_text(re.compile("^Lamp finder: "))
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect(chosen(page)).to_have_text("Search conversations for “lamp”")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Lamp finder")

    page.wait_for_load_state()
    page.keyboard.press("Control+k")
    page.keyboard.type("wholesale")
    page.keyboard.press("Enter")  # before anything was found
    expect(page.get_by_role("heading", level=1)).to_have_text("Wholesale")

    page.goto(here)
    page.wait_for_load_state()
    page.get_by_role("link", name="Search", exact=True).click()
    page.get_by_role("combobox").fill("dark")
    expect(chosen(page)).to_have_text("Theme: dark")
    page.keyboard.press("Enter")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(palette).to_be_hidden()
    assert page.url == here


def test_a_slash_is_a_letter_where_somebody_types(page, live, workspace):
    page.goto(f"{live.url}/w/{workspace.slug}/conversations")
    page.get_by_label("Search messages").press_sequentially("a/b")
    expect(page.get_by_label("Search messages")).to_have_value("a/b")
    expect(page.get_by_role("dialog", name="Search and commands")).to_be_hidden()


def test_a_head_sorts_in_place_keeps_the_focus_and_goes_back(page):
    names = page.locator("#bot-list .row-link")
    page.evaluate("window.sameDocument = true")
    head = page.get_by_role("link", name="Bot", exact=True)
    head.focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"\?sort=name$"))
    expect(names).to_have_text(["Lamp finder", "Support", "Wholesale"])
    expect(head).to_be_focused()
    expect(page.get_by_role("columnheader", name="Bot", exact=True)).to_have_attribute(
        "aria-sort", "ascending"
    )
    page.keyboard.press("Enter")
    expect(names).to_have_text(["Wholesale", "Support", "Lamp finder"])
    assert page.evaluate("window.sameDocument")
    page.go_back()
    expect(names).to_have_text(["Lamp finder", "Support", "Wholesale"])
    page.reload()
    expect(names).to_have_text(["Lamp finder", "Support", "Wholesale"])


def test_many_workspaces_are_narrowed_by_typing(page, live, owner, workspace):
    for number in range(8):
        workspaces.create_organization(owner, f"Branch {number}", OPERATOR)
    page.reload()
    page.wait_for_load_state()
    page.locator(".switcher summary").press("Enter")
    expect(page.get_by_label("Find a workspace")).to_be_focused()
    page.keyboard.type("branch 5")
    expect(page.locator(".switcher .menu-scroll a:visible")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.locator(".switcher summary")).to_contain_text("Branch 5")
