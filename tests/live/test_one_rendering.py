"""An answer is the same to its owner and to its visitor: the console's HTML beside the chat's own modules."""

import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Route

from tests.live.children import ROOT
from tests.rendering.markdown_cases import FLOODS, SOURCES, cases
from web.markdown import safe_html

pytestmark = [pytest.mark.xdist_group("live"), pytest.mark.browser]

HOST = "http://chat.example"
PAGE = """<!doctype html><meta charset="utf-8"><title>Chat</title>
<div id="chat" data-words='{"copy": "Copy"}'></div>"""
TYPES = {".js": "text/javascript", ".html": "text/html"}
CONSOLE_SECONDS, CHAT_SECONDS = 0.3, 0.5
"""Three times what either takes for the slowest, on a busy machine."""


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    """A page with nothing on it but the chat's modules, as the static folder has them."""
    page = browser.new_page()
    page.route("**/*", answer)
    page.goto(HOST)
    page.evaluate("import('/rendering.js').then((module) => { window.rendering = module; })")
    yield page
    page.close()


def answer(route: Route) -> None:
    path = urlsplit(route.request.url).path
    if path == "/":
        return route.fulfill(body=PAGE, content_type="text/html")
    file = Path(__file__).with_name("rendering.js")
    if path != "/rendering.js":
        file = ROOT / "web" / path[1:]
    return route.fulfill(body=file.read_bytes(), content_type=TYPES[file.suffix])


def call(page, name, *arguments):
    return page.evaluate("([name, given]) => rendering[name](...given)", [name, list(arguments)])


def test_every_case_is_shown_alike_to_owner_and_visitor(page):
    expected = {case.name: case.shown for case in cases()}
    chat = {case.name: call(page, "chat", case.markdown, SOURCES) for case in cases()}
    console = {
        case.name: call(page, "console", safe_html(case.markdown, SOURCES)) for case in cases()
    }
    assert chat == expected
    assert console == expected


@pytest.mark.parametrize("text", FLOODS.values(), ids=FLOODS)
def test_64_kilobytes_of_anything_take_bounded_time_and_are_shown_alike(page, text):
    start = time.process_time()
    html = safe_html(text)
    console_seconds = time.process_time() - start
    chat = call(page, "timed", text)
    assert console_seconds < CONSOLE_SECONDS
    assert chat["seconds"] < CHAT_SECONDS
    assert call(page, "console", html) == chat["shown"]


ALL_SHAPES = next(case.markdown for case in cases() if case.name == "an answer of all shapes")


def test_a_stream_makes_its_last_block_anew_and_ends_as_the_whole_text(page):
    for text in (ALL_SHAPES, *(case.markdown for case in cases())):
        streamed = call(page, "streamed", text)
        assert streamed["same"], text
    assert call(page, "streamed", ALL_SHAPES)["most"] <= 2
    assert call(page, "streamed", "A paragraph.\n\n" * 200)["most"] <= 2


@pytest.mark.parametrize(
    ("half", "shown"),
    [
        ("One two thr", "<p>One two</p>"),
        ("Choose:\n-", "<p>Choose:</p>"),
        ("Choose:\n- ", "<p>Choose:</p>"),
        ("Choose:\n- a ", "<p>Choose:</p><ul><li>a</li></ul>"),
        ("It is **bold and ", "<p>It is <strong>bold and</strong></p>"),
        ("It is **bold\nand ", "<p>It is <strong>bold<br>and</strong></p>"),
        ("Not \\** a mark ", "<p>Not ** a mark</p>"),
        ("See [the page](https://exam", "<p>See</p>"),
        ("See ![the page](https://exam", "<p>See</p>"),
        ("See [the ", "<p>See</p>"),
        ("Prices:\n\n| a | b |\n", "<p>Prices:</p>"),
        ("Prices:\n\n| a | b |\n|---|-", "<p>Prices:</p>"),
        ("```js title\na **b ", "<pre><code>a **b </code></pre>"),
        ("~~~\na `b ", "<pre><code>a `b </code></pre>"),
        ("````\n```\na **b ", "<pre><code>```\na **b </code></pre>"),
        ("```\na\n```\n\nThen **b ", "<pre><code>a</code></pre><p>Then <strong>b</strong></p>"),
        ("A &amp; b ", "<p>A &amp; b</p>"),
    ],
)
def test_what_is_half_written_shows_no_half_marks(page, half, shown):
    assert call(page, "showing", half) == shown
