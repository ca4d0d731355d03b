"""What people do in a browser, step by step: the console's forms, and the chat."""

import re
import secrets

from playwright.sync_api import BrowserContext, Frame, Locator, Page, expect

from tests.live.children import until
from tests.people import PASSWORD

ANSWER_SECONDS = 90
QUESTION, BRIEFLY = "What is the sea?", "Answer in three sentences."
"""What keeps the small local model to about fifty tokens; left alone, it may go on for a thousand."""
GROWN_IN_STEPS = 4
"""An answer that was shown in so many lengths was streamed."""
OPEN_ROOTS = """(() => {
  const attach = Element.prototype.attachShadow;
  Element.prototype.attachShadow = function (how) { return attach.call(this, { ...how, mode: "open" }); };
})();"""
"""For `add_init_script`: the widget's shadow tree is closed to tests as well, and opened by this."""
_NOTE_EVERY_LENGTH = """() => {
  window.lengthsSeen = [];
  const log = document.getElementById("log");
  const note = () => {
    const length = [...log.querySelectorAll('[data-role="answer"] .text')].at(-1)?.innerText.length;
    if (length && length !== window.lengthsSeen.at(-1)) window.lengthsSeen.push(length);
  };
  new MutationObserver(note).observe(log, { childList: true, subtree: true });
}"""


def sign_up(page: Page) -> str:
    """Fills the form; ends on the first page of the new person's own workspace."""
    email = f"{secrets.token_hex(6)}@example.com"
    page.get_by_label("Your name").fill("Nora")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Create account").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Home")
    return email


def create_organization(page: Page, url: str, name: str) -> str:
    """Ends on the first page of the new workspace; returns its slug."""
    page.goto(f"{url}/workspaces/new")
    page.get_by_label("Name").fill(name)
    page.locator("main").get_by_role("button").click()
    page.wait_for_url(re.compile(r"/w/"))
    return page.url.split("/w/")[1].split("/")[0]


def make_bot(page: Page, name: str, model: str) -> None:
    """From the list of bots to the new bot's page."""
    page.get_by_role("link", name=re.compile("^(New bot|Create your first bot)$")).click()
    page.get_by_label("Name").fill(name)
    page.get_by_label(model).check()
    page.get_by_text("Instructions, welcome message, allowed sites and limits").click()
    page.get_by_label("Instructions").fill(BRIEFLY)
    page.get_by_role("button", name="Create bot").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)


def open_chat(page: Page) -> Page:
    """Follows the bot page's link to the chat, in a window of its own."""
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Open chat").click()
    opened.value.wait_for_load_state()
    return opened.value


def frame_of(page: Page) -> Frame:
    """What the widget on that page shows, once it was opened; the page needs `OPEN_ROOTS`."""
    frame = page.locator("mevichat-widget iframe").element_handle().content_frame()
    assert frame
    return frame


class Chat:
    """A bot's chat page, or its frame."""

    def __init__(self, page: Page | Frame, has_scripts: bool = True) -> None:
        self.page = page
        self.has_scripts = has_scripts

    @property
    def context(self) -> BrowserContext:
        return self.page.context

    @property
    def questions(self) -> Locator:
        return self.page.locator('#log [data-role="visitor"]')

    @property
    def answers(self) -> Locator:
        return self.page.locator('#log [data-role="answer"]')

    @property
    def text(self) -> str:
        """The last answer, as far as it can be read."""
        return self.answers.last.locator(".text").inner_text()

    @property
    def status(self) -> str:
        return self.answers.last.get_attribute("data-status") or ""

    def ask(self, text: str) -> None:
        if self.has_scripts:
            self.page.evaluate(_NOTE_EVERY_LENGTH)
        self.page.get_by_label("Your message").fill(text)
        self.page.get_by_role("button", name="Send").click()

    def wait_for_words(self, characters: int = 20) -> str:
        """Until so much of an unfinished answer can be read."""
        until(lambda: len(self.text) >= characters, ANSWER_SECONDS, "the first words")
        assert self.status == "pending"
        return self.text

    def wait_for_its_end(self) -> None:
        until(lambda: self.status != "pending", ANSWER_SECONDS, "the end of the answer")

    def watch_it_grow(self) -> list[int]:
        """The lengths that the answer to the last `ask` had on this page, until its end."""
        self.wait_for_its_end()
        lengths: list[int] = self.page.evaluate("window.lengthsSeen")
        return lengths


def words(text: str) -> list[str]:
    """A text without its marks: a page shows a list's numbers and signs in its own way."""
    return re.findall(r"[^\W\d_]+", text)
