"""The widget on a page: invited, closed, open, unread, failed; on a phone in light and on a desk in dark."""

import pytest
from playwright.sync_api import expect

from core.accounts.actor import OPERATOR
from core.bots.appearance import changes as appearance_changes
from core.bots.appearance.appearance import DEFAULTS
from tests.bot_client import make_bot, make_key
from tests.live.axe import violations
from tests.live.children import ROOT
from tests.live.pages import OPEN_ROOTS, Chat, frame_of
from tests.providers import Reply

pytestmark = [pytest.mark.xdist_group("live"), pytest.mark.browser]

PICTURES = ROOT / "artifacts"
SIZES = {
    "phone": ({"width": 360, "height": 740}, "light"),
    "desk": ({"width": 1280, "height": 860}, "dark"),
}
LOOK = {"teaser_text": "Which plant is for you?", "teaser_seconds": 1, "launcher_text": "Ask us"}


@pytest.fixture
def bot(workspace, provider):
    make_key(workspace)
    made = make_bot(workspace, "anthropic:claude-haiku-4-5", name="Fern", welcome="Hello!")
    appearance_changes.save(workspace, made, DEFAULTS.model_copy(update=LOOK), OPERATOR)
    return made


@pytest.fixture(params=SIZES)
def page(request, live, bot, windows):
    PICTURES.mkdir(exist_ok=True)
    size, theme = SIZES[request.param]
    page = windows.open("about:blank", viewport=size, color_scheme=theme, reduced_motion="reduce")
    page.context.add_init_script(OPEN_ROOTS)
    page.goto(f"{live.url}/demo/{bot.id}")
    yield page


def look_at(page, state):
    """A picture for people to look at; what axe finds, and what would have to be scrolled sideways."""
    page.screenshot(path=PICTURES / f"widget-{state}-{page.viewport_size['width']}.png")
    overflow = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert overflow <= 0, state
    assert not violations(page), state


def widget(page, part):
    return page.locator(f"mevichat-widget {part}")


def test_the_widget_is_in_order_in_every_state(page, provider):
    expect(widget(page, ".teaser")).to_be_visible()
    look_at(page, "invites")
    page.get_by_role("button", name="Dismiss").click()
    look_at(page, "closed")
    page.get_by_role("button", name="Ask us").click()
    expect(widget(page, ".panel")).to_have_attribute("data-state", "ready")
    look_at(page, "open")
    chat = Chat(frame_of(page))
    provider.next(Reply.answer("One answer, that takes its time.", chunk_delay_seconds=0.3))
    chat.ask("Are you there?")
    expect(chat.answers.last).to_contain_text("One")
    chat.page.get_by_role("button", name="Close").click()
    expect(widget(page, ".badge")).to_have_text("1")
    look_at(page, "unread")


@pytest.mark.parametrize("page", ["desk"], indirect=True)
def test_a_frame_that_does_not_come_is_said_and_tried_again(page, windows):
    page.route("**/frame?*", lambda route: route.abort())
    page.route("**/*.js?ask=*", lambda route: route.abort())
    page.get_by_role("button", name="Ask us").click()
    expect(widget(page, ".panel")).to_have_attribute("data-state", "failed")
    look_at(page, "failed")
    page.unroute_all()
    windows.complaints.clear()  # those of the two addresses that were cut off
    widget(page, ".again").click()
    expect(widget(page, ".panel")).to_have_attribute("data-state", "ready")
