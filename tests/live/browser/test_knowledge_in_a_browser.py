"""A bot is taught in a browser, and the real local model answers from that: with its source, or not at all."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import expect

from core.accounts.actor import OPERATOR
from core.bots.retrieval.grounding import DONT_KNOW
from core.knowledge import sources, unanswered
from tests.bot_client import make_bot
from tests.live.axe import violations
from tests.live.children import ROOT
from tests.live.pages import ANSWER_SECONDS, Chat
from tests.people import PASSWORD

pytestmark = [pytest.mark.xdist_group("live"), pytest.mark.browser]

READ_MILLISECONDS = 60_000
PAGE = b"""<!doctype html><html><head><title>Harbour tours</title></head><body>
<nav><a href=/>Home</a><a href=/tours>Tours</a></nav><main><h1>Harbour tours</h1>
<p>The harbour tour leaves every day at ten from pier four and takes two hours. Bring a warm coat.</p>
<script>document.title = "no"</script></main></body></html>"""
SHIPPING = (
    "# Shipping\nParcels to Norway arrive within two days. Express shipping costs nine euros.\n"
)


class Site(BaseHTTPRequestHandler):
    """Somebody's site, with one page."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(PAGE)))
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def site() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/tours"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module", autouse=True)
def reader(live) -> Iterator[None]:
    """The process that reads what is given."""
    live.start("knowledge")
    yield
    live.stop("knowledge")


@pytest.fixture
def bot(workspace):
    return make_bot(workspace, name="Harbour", instructions="Answer in one short sentence.")


@pytest.fixture
def console(live, windows, owner, workspace, bot):
    """The bot's Knowledge page, signed in as the owner."""
    page = windows.open(f"{live.url}/sign-in", reduced_motion="reduce")
    page.get_by_label("Email").fill(owner.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.goto(f"{live.url}/w/{workspace.slug}/bots/{bot.id}")
    page.get_by_role("navigation", name="Harbour").get_by_role("link", name="Knowledge").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Knowledge")
    return page


def until_read(page, count: int) -> None:
    """The list looks again by itself: nobody reloads the page here."""
    expect(page.locator("#sources tbody tr")).to_have_count(count)
    expect(page.locator("#sources .status", has_text="Ready")).to_have_count(
        count, timeout=READ_MILLISECONDS
    )


def ask(chat, text):
    chat.ask(text)
    chat.wait_for_its_end()
    assert chat.status == "complete"


def test_a_bot_answers_from_what_it_was_given_with_its_source_and_says_what_it_does_not_know(
    live, console, windows, bot, site
):
    page = console
    page.get_by_role("link", name="Add knowledge").click()
    page.get_by_role("link", name="Web page").click()
    page.get_by_label("Address").fill(site)
    page.get_by_role("button", name="Add page").click()
    until_read(page, 1)
    chat = Chat(windows.open(f"{live.url}/chat/{bot.id}"))
    ask(chat, "When does the harbour tour leave?")
    source = chat.answers.last.get_by_role("list", name="Sources").get_by_role("link")
    expect(source).to_have_text("1Harbour tours")
    expect(source).to_have_attribute("href", site)
    ask(chat, "Who painted the Sistine Chapel ceiling?")
    assert chat.text == DONT_KNOW
    expect(chat.answers.last.locator(".sources a")).to_have_count(0)
    chat.page.reload()
    expect(chat.answers.first.locator(".sources a")).to_have_attribute("href", site)
    page.reload()
    expect(page.get_by_text("Who painted the Sistine Chapel ceiling?")).to_be_visible()


def test_files_are_taken_several_at_once_and_a_refused_one_says_why(console, tmp_path):
    page = console
    (tmp_path / "shipping.md").write_text(SHIPPING)
    (tmp_path / "returns.txt").write_text("Parcels can be returned within thirty days.")
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.7\nnothing of a PDF follows")
    page.get_by_role("link", name="Add knowledge").click()
    page.get_by_role("navigation", name="What to add").get_by_role("link", name="Files").click()
    page.get_by_label("Files").set_input_files(
        [tmp_path / name for name in ("shipping.md", "returns.txt", "broken.pdf")]
    )
    page.get_by_role("button", name="Add files").click()
    expect(page.locator("#sources .status", has_text="Couldn’t be read")).to_have_count(
        1, timeout=READ_MILLISECONDS
    )
    expect(page.locator("#sources .status", has_text="Ready")).to_have_count(
        2, timeout=READ_MILLISECONDS
    )
    page.get_by_label("Ask a question the way a visitor would").fill("Parcels to Norway?")
    page.get_by_role("button", name="Test search").click()
    expect(page.get_by_text("Harbour will use")).to_be_visible()
    expect(page.get_by_text("Parcels to Norway arrive within two days.")).to_be_visible()


def test_an_upload_that_is_too_large_reads_its_page_and_not_a_broken_line(
    console, windows, tmp_path
):
    page = console
    with (tmp_path / "video.txt").open("wb") as sparse:
        sparse.truncate(200 * 1024 * 1024)
    page.get_by_role("link", name="Add knowledge").click()
    page.get_by_role("navigation", name="What to add").get_by_role("link", name="Files").click()
    page.get_by_label("Files").set_input_files(tmp_path / "video.txt")
    page.get_by_role("button", name="Add files").click()
    expect(page.get_by_text("The limit is 64 MB in total.")).to_be_visible(
        timeout=READ_MILLISECONDS
    )
    windows.expect_status(413)


def test_knowledge_is_given_and_answered_from_without_javascript(
    live, windows, owner, workspace, bot
):
    page = windows.open(f"{live.url}/sign-in", java_script_enabled=False)
    page.get_by_label("Email").fill(owner.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.goto(f"{live.url}/w/{workspace.slug}/bots/{bot.id}/knowledge/texts")
    page.get_by_label("Title").fill("Handbook")
    page.get_by_label("Text").fill(SHIPPING)
    page.get_by_role("button", name="Add text").click()
    for _ in range(60):
        page.reload()
        if page.locator("#sources .status", has_text="Ready").count():
            break
        page.wait_for_timeout(500)
    chat = Chat(
        windows.open(f"{live.url}/chat/{bot.id}", java_script_enabled=False), has_scripts=False
    )
    chat.page.set_default_timeout(ANSWER_SECONDS * 1000)
    chat.ask("How much is express shipping to Norway?")
    expect(chat.answers.last.locator(".sources")).to_have_text("1Handbook")


def test_no_page_of_knowledge_is_wider_than_its_screen_or_breaks_a_rule_of_accessibility(
    console, workspace, bot, inside
):
    source = sources.add_text(
        workspace, bot.id, "A long title of a handbook " * 6, SHIPPING, OPERATOR
    )
    sources.add_qa(workspace, bot.id, "Where is pier four?", "W" * 3_000, OPERATOR)
    unanswered.record(workspace.id, bot.id, "x" * 400)
    unanswered.record(workspace.id, bot.id, "Is there a lighthouse?")
    page, base = console, console.url
    page.reload()
    until_read(page, 2)
    question_id = unanswered.open_of(bot.id)[0].id
    paths = (
        "", "/texts", "/files", "/answers", "/pages",
        f"/{source.id}", f"/{source.id}/deletion", f"/unanswered/{question_id}/answer",
        "/retrieval?q=Norway+lighthouse+shipping", "/retrieval?q=lighthouse+keepers",
    )  # fmt: skip
    for number, path in enumerate(paths):
        page.goto(base + path)
        for width, height in {360: 740, 1440: 900}.items():
            page.set_viewport_size({"width": width, "height": height})
            overflow = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert overflow <= 0, f"{path} is {overflow} px too wide for {width}"
            for theme in ("light", "dark"):
                page.emulate_media(color_scheme=theme)
                picture = f"knowledge-{number}-{width}-{theme}.png"
                page.screenshot(path=ROOT / "artifacts" / picture, full_page=True)
                assert not violations(page), f"{path} at {width}, {theme}"
