"""Somebody new comes from the sign-up to a bot that answers from their own text on a page: what that takes.

Each step is kept as a picture in `artifacts/`, and all of them with their seconds as `newcomer.md` there.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Page, expect

from tests.live.children import ROOT, until
from tests.live.pages import ANSWER_SECONDS, OPEN_ROOTS, Chat, frame_of, sign_up

pytestmark = [pytest.mark.xdist_group("live"), pytest.mark.browser]

PICTURES = ROOT / "artifacts"
MOST_THOUGHTS = 8
READ_MILLISECONDS = 60_000
TEXT = "Parcels to Norway arrive within two days. Express shipping costs nine euros."


@dataclass
class Film:
    """What was done, a picture each. A form and a choice need thought; a way that is shown does not."""

    page: Page
    steps: list[tuple[str, bool, float]] = field(default_factory=list)

    @contextmanager
    def step(self, caption: str, thought: bool = True) -> Iterator[None]:
        began = time.monotonic()
        yield
        self.steps.append((caption, thought, time.monotonic() - began))
        self.page.screenshot(path=PICTURES / f"newcomer-{len(self.steps)}.png")

    @property
    def thoughts(self) -> int:
        return sum(thought for _, thought, _ in self.steps)

    def write(self) -> None:
        rows = [
            f"| {number} | {caption} | {'yes' if thought else ''} | {seconds:.1f} |"
            for number, (caption, thought, seconds) in enumerate(self.steps, 1)
        ]
        head = ["| | step | needs thought | s |", "| --- | --- | --- | --- |"]
        (PICTURES / "newcomer.md").write_text("\n".join([*head, *rows]) + "\n")


@pytest.fixture
def film(live, windows) -> Iterator[Film]:
    PICTURES.mkdir(exist_ok=True)
    live.start("knowledge")
    page = windows.open("about:blank")
    page.context.add_init_script(OPEN_ROOTS)
    page.goto(f"{live.url}/sign-up")
    yield Film(page)
    live.stop("knowledge")


def test_a_newcomer_has_a_bot_that_answers_from_their_text_within_eight_thoughts(film):
    page = film.page
    with film.step("Name, e-mail and password: *Create account*"):
        sign_up(page)
    with film.step("Home says what is first: *Make a bot*", thought=False):
        page.locator("main").get_by_role("link", name="Create a bot").click()
        expect(page.get_by_label("Name")).to_be_visible()
    with film.step("A name for it: *Create bot*"):
        page.get_by_label("Name").fill("Support")
        page.get_by_role("button", name="Create bot").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Support")
    with film.step("The bot’s page offers to *add knowledge*"):
        page.get_by_role("link", name="add knowledge").click()
        expect(page.get_by_label("Title")).to_be_visible()
    with film.step("A title and a text: *Add text*"):
        page.get_by_label("Title").fill("Shipping")
        page.get_by_label("Text", exact=True).fill(TEXT)
        page.get_by_role("button", name="Add text").click()
        expect(page.locator("main")).to_contain_text("Ready", timeout=READ_MILLISECONDS)
    with film.step("*Install* has the embed code"):
        page.get_by_role("link", name="Install").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Install Support")
    with film.step("*See demo page*"):
        with page.context.expect_page() as opened:
            page.get_by_role("link", name="See demo page").click()
        film.page = page = opened.value
        expect(page.get_by_role("heading", level=1)).to_be_visible()
    with film.step("On the page: *Open the chat*"):
        page.get_by_role("button", name="Open the chat").click()
        frame = frame_of(page)
        expect(frame.get_by_label("Your message")).to_be_visible()
    with film.step("A question, and the first words of its answer"):
        chat = Chat(frame, has_scripts=False)
        chat.ask("How long does a parcel to Norway take?")
        until(lambda: len(chat.text) > 20, ANSWER_SECONDS, "the first words")
    frame.evaluate(
        "document.getElementById('stop').click()"
    )  # it may go on for long, on one thread
    expect(chat.answers.last.locator(".sources")).to_contain_text("Shipping")
    film.write()
    assert film.thoughts <= MOST_THOUGHTS
