"""The provider keys page as a person uses it: what changes is shown where it was asked for."""

import pytest
from playwright.sync_api import expect

from tests import marker
from tests.bot_client import key_of, make_key
from tests.live.children import until
from tests.people import PASSWORD

pytestmark = [pytest.mark.xdist_group("live"), pytest.mark.browser]

OLD, NEW = marker.anthropic_key("oLd1"), marker.anthropic_key("nEw2")


@pytest.fixture
def row(live, owner, workspace, provider, windows):
    """The Anthropic key's row, on a page of the owner's; its key has been replaced by nobody yet."""
    provider.accept(OLD, NEW)
    make_key(workspace, secret=OLD)
    page = windows.open(f"{live.url}/sign-in?next=/w/{workspace.slug}/provider-keys")
    page.get_by_label("Email").fill(owner.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    row = page.locator("#key-anthropic")
    expect(row).to_be_visible()
    page.wait_for_load_state()  # before its scripts are there, links lead to pages of their own
    return row


def test_a_test_shows_its_outcome_in_the_keys_row(row, provider, workspace):
    row.get_by_role("button", name="Test").click()
    expect(row).to_contain_text("Anthropic accepted the key.")
    provider.revoke(OLD)
    row.get_by_role("button", name="Test").click()
    expect(row).to_contain_text("Anthropic rejected this key")
    expect(row).to_contain_text("Invalid")
    assert key_of(workspace).reason == "rejected"


def test_a_key_is_replaced_in_the_dialog_and_its_row_shows_the_new_mask(row, workspace):
    expect(row).to_contain_text("••••••••oLd1")
    row.get_by_role("link", name="Replace").click()
    dialog = row.page.get_by_role("dialog")
    dialog.get_by_label("New key", exact=True).fill(NEW)
    dialog.get_by_role("button", name="Validate & replace").click()
    dialog.get_by_role("link", name="Done").click()
    expect(dialog).to_be_hidden()
    expect(row).to_contain_text("••••••••nEw2")
    assert key_of(workspace).version == 2


def test_a_key_of_another_provider_is_named_before_it_is_sent_and_stays_in_the_field(
    row, provider, windows
):
    row.get_by_role("link", name="Replace").click()
    field = row.page.get_by_role("dialog").get_by_label("New key", exact=True)
    field.fill(marker.openai_key())
    field.press("Enter")
    expect(row.page.get_by_role("dialog")).to_contain_text("This looks like a key from OpenAI")
    expect(field).to_have_value(marker.openai_key())
    assert not provider.calls
    windows.expect_status(422)


def test_the_watch_notices_a_script_a_host_and_a_key_that_should_not_be_there(row, windows):
    page = row.page
    page.route("**/leak", lambda route: route.fulfill(body=OLD))
    page.evaluate("fetch('/leak').then((answer) => answer.text())")
    complaints_about(page, windows, "a key is in the answer of")
    page.evaluate(
        "document.body.append(Object.assign(document.createElement('script'), {text: '1'}))"
    )
    complaints_about(page, windows, "Content Security Policy")
    page.evaluate("location = 'http://localhost:9/'")
    complaints_about(page, windows, "asked for http://localhost:9/")


def complaints_about(page, windows, complaint):
    """Until the watch has said so, which is then forgotten."""
    until(lambda: page.title() and complaint in "".join(windows.complaints), 10, complaint)
    windows.complaints.clear()
