"""Keys, bots, people, plan, audit log and the chat in a browser whose scripts are off: plain forms do it."""

import re

import pytest
from playwright.sync_api import Page, expect

from core.bots.answers.failure_messages import FAILURE_SENTENCE
from core.db import session
from core.keys import store
from core.keys.models import VALID
from tests import marker
from tests.bot_client import key_of, make_bot, make_key
from tests.live.pages import PASSWORD, Chat, open_chat
from tests.live.pages import make_bot as new_bot
from tests.providers import Reply

pytestmark = [pytest.mark.xdist_group("live-2"), pytest.mark.browser]

OLD, NEW = marker.anthropic_key("oLd1"), marker.anthropic_key("nEw2")
CHECK_MILLISECONDS = 30_000


@pytest.fixture
def page(live, owner, workspace, windows) -> Page:
    page = windows.open(
        f"{live.url}/sign-in?next=/w/{workspace.slug}/provider-keys", java_script_enabled=False
    )
    page.get_by_label("Email").fill(owner.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Provider keys")
    return page


def heading(page: Page, text: str | re.Pattern[str]) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(text)


def test_a_key_lives_its_whole_life(page, live, workspace, provider):
    provider.accept(OLD, NEW)
    make_bot(workspace, "anthropic:claude-haiku-4-5", name="Support")
    page.get_by_role("link", name="Add your first key").click()
    page.get_by_label("Anthropic").check()
    page.get_by_label("Key", exact=True).fill(OLD)
    page.get_by_role("button", name="Validate & save").click()
    expect(page.get_by_text("It’s saved")).to_be_visible(timeout=CHECK_MILLISECONDS)
    page.get_by_role("link", name="Done").click()

    page.get_by_role("button", name="Test the Anthropic key").click()
    expect(page.get_by_text("Anthropic accepted the key.")).to_be_visible(
        timeout=CHECK_MILLISECONDS
    )
    page.get_by_role("link", name="All provider keys").click()

    page.get_by_role("link", name="Replace the Anthropic key").click()
    page.get_by_label("New key").fill(NEW)
    page.get_by_role("button", name="Validate & replace").click()
    expect(page.get_by_text("It’s saved")).to_be_visible(timeout=CHECK_MILLISECONDS)
    assert (key_of(workspace).version, key_of(workspace).status) == (2, VALID)
    page.get_by_role("link", name="Done").click()

    row = page.locator("#key-anthropic")
    for act, state in (("Disable", "Disabled"), ("Enable", "Valid")):
        row.get_by_label("More actions for the Anthropic key").click()
        row.get_by_role("button", name=act).click()
        expect(row).to_contain_text(state)
    row.locator(".strip > summary").click()
    expect(row.get_by_role("table")).to_contain_text("OK")
    row.get_by_label("More actions for the Anthropic key").click()
    row.get_by_role("link", name="Delete…").click()
    expect(page.locator("main")).to_contain_text("Support will stop answering")
    page.get_by_role("button", name="Delete key").click()
    expect(page.get_by_text("The Anthropic key was deleted.")).to_be_visible()
    session().commit()
    assert store.find(workspace.id, "anthropic") is None


def test_a_bot_is_made_and_a_visitor_asks_it_and_reads_its_answer(page, workspace, provider):
    make_key(workspace)
    page.get_by_role("link", name="Bots", exact=True).click()
    new_bot(page, "Support", "Claude Haiku 4.5")
    chat = Chat(open_chat(page), has_scripts=False)
    chat.ask("Do you ship to Norway?")
    expect(chat.answers).to_have_count(1)
    assert (chat.status, chat.text) == ("complete", "You said: Do you ship to Norway?")
    chat.page.get_by_role("button", name="Helpful", exact=True).click()
    pressed = chat.page.get_by_role("button", name="Helpful", exact=True)
    expect(pressed).to_have_attribute("aria-pressed", "true")
    provider.next(Reply.overloaded())
    chat.ask("And to Iceland?")
    expect(chat.answers.last.get_by_text(FAILURE_SENTENCE)).to_be_visible()
    chat.answers.last.get_by_role("button", name="Retry").click()
    expect(chat.answers.last.locator(".text")).to_have_text("You said: And to Iceland?")


def test_somebody_is_invited_and_the_plan_is_changed_and_the_log_tells_of_it(
    page, workspace, windows
):
    make_bot(workspace, "anthropic:claude-haiku-4-5", name="Support")
    page.get_by_role("link", name="People").click()
    page.get_by_role("link", name="Invite").click()
    page.get_by_label("Email").fill("rita@example.com")
    page.get_by_label("Billing manager").check()
    page.get_by_role("button", name=re.compile("invit", re.IGNORECASE)).click()
    expect(page.locator("main")).to_contain_text("rita@example.com")

    page.get_by_role("link", name="Plan & balance", exact=True).click()
    page.get_by_role("link", name="Change to Free").click()
    expect(page.locator("main")).to_contain_text("Support")
    expect(page.get_by_label(re.compile("Switch (it|them all) to Mini"))).to_be_checked()
    page.get_by_role("button", name="Change to Free").click()
    expect(page.locator(".switcher")).to_contain_text("Free plan")

    page.get_by_role("link", name="Audit log").click()
    for text in ("invited rita@example.com", "changed the plan from Pro to Free", "Support"):
        expect(page.locator("main")).to_contain_text(text)
    expect(page.locator("main")).to_contain_text("Log integrity verified")

    page.get_by_role("link", name="Settings").click()
    page.get_by_role("link", name="Alerts").click()
    page.get_by_label("Address").fill("http://127.0.0.1:9/hook")
    page.get_by_role("button", name="Set webhook").click()
    heading(page, "Alerts")
    expect(page.locator("main")).to_contain_text(re.compile("private|public", re.IGNORECASE))
    windows.expect_status(422)
