"""The widget on sites of others, in a real browser: hostile pages, sites that may not show it, blocked storage.

Sites stand on other ports, which are other origins; as `localhost` they are another site than 127.0.0.1, too.
"""

import pytest
from playwright.sync_api import Page, expect

from core.accounts.actor import OPERATOR
from core.bots import bots, sites
from tests.bot_client import make_bot, make_key
from tests.live.children import until
from tests.live.chromium import Windows, launched
from tests.people import PASSWORD
from tests.site import Says, Site

pytestmark = [pytest.mark.xdist_group("live"), pytest.mark.browser]

# A closed shadow root is closed to tests as well: here it is opened, so that they find their way.
OPEN_ROOTS = """(() => {
  const attach = Element.prototype.attachShadow;
  Element.prototype.attachShadow = function (how) { return attach.call(this, { ...how, mode: "open" }); };
})();"""
# What stands in the root, with where it is and how it looks. Without any help of the page's own arrays.
SHAPE = """(() => {
  let told = "";
  for (const node of document.querySelector("mevichat-widget").shadowRoot.querySelectorAll("*")) {
    const { x, y, width, height } = node.getBoundingClientRect();
    told += `${node.tagName} ${x} ${y} ${width} ${height}`;
    for (const name of ["display", "visibility", "color", "background-color", "border-radius", "box-shadow",
      "font", "padding", "cursor", "opacity", "z-index", "text-align", "text-transform", "letter-spacing"]) {
      told += ` ${getComputedStyle(node).getPropertyValue(name)}`;
    }
    told += "\\n";
  }
  return told;
})()"""
STORAGE = """() => {
  try { localStorage.setItem("a", "b"); return localStorage.length; } catch (error) { return error.name; }
}"""
HOSTILE_CSS = (
    "* { all: unset !important; } mevichat-widget { display: none !important; --paper: red; }"
)
HOSTILE_JS = """
window.jQuery = window.$ = { fn: { jquery: "1.4.2" } };
Array.prototype.extra = Object.prototype.extra = String.prototype.extra = function () { return "extra"; };
Array.prototype.toJSON = Object.prototype.toJSON = String.prototype.toJSON = function () { return "broken"; };
for (const name of ["map", "filter", "find", "reduce", "forEach", "some", "every", "includes"]) {
  Array.prototype[name] = function () { throw new Error(`${name} of 2008`); };
}
Array.from = Function.prototype.bind = function () { throw new Error("of 2008"); };
Object.keys = function (of) { const names = []; for (const name in of) names.push(name); return names; };
Element.prototype.show = Element.prototype.hide = Element.prototype.update = function () { return this; };
window.name = window.status = "taken";
"""


@pytest.fixture
def bot(workspace, provider):
    make_key(workspace)
    return make_bot(
        workspace, "anthropic:claude-haiku-4-5", name="Fern", welcome="Hello!", starters=("Shade?",)
    )


@pytest.fixture
def site():
    with Site() as running:
        running.pages["/favicon.ico"] = Says(b"", "image/x-icon")
        yield running


@pytest.fixture
def line(live, bot):
    return f'<script src="{live.url}/w/{bot.id}.js" defer></script>'


def page_with(line: str, head: str = "", body: str = "<p>A page.</p>") -> Says:
    start = "<!doctype html><html lang='en'><meta charset='utf-8'><title>Shop</title>"
    view = "<meta name='viewport' content='width=device-width'>"
    return Says(f"{start}{view}{head}{line}<body>{body}</body></html>".encode())


def visit(windows: Windows, url: str, **options) -> Page:
    """A page whose widget stands."""
    page = windows.open("about:blank", **options)
    page.context.add_init_script(OPEN_ROOTS)
    page.goto(url)
    return page


def evaluate(page, expression: str) -> str:
    """Asked past Playwright, whose own scripts a hostile page breaks."""
    session = page.context.new_cdp_session(page)
    answer = session.send("Runtime.evaluate", {"expression": expression, "returnByValue": True})
    session.detach()
    value: str = answer["result"]["value"]
    return value


def launcher(page):
    return page.locator("mevichat-widget .launcher")


def opened(page):
    """The frame, after the launcher was pressed."""
    launcher(page).click()
    frame = page.frame_locator("mevichat-widget iframe")
    expect(frame.get_by_label("Your message")).to_be_focused()
    return frame


def ask(frame, text="one two three"):
    frame.get_by_label("Your message").fill(text)
    frame.get_by_label("Your message").press("Enter")
    expect(frame.locator('[data-role="answer"] .text').last).to_have_text(f"You said: {text}")


def test_on_a_hostile_page_it_looks_and_works_as_on_a_plain_one(live, bot, site, line, windows):
    policy = (
        f"default-src 'none'; script-src {live.url}; frame-src {live.url}; style-src 'none'; "
        "img-src 'self'; require-trusted-types-for 'script'; trusted-types 'none'"
    )
    hostile = (
        "<link rel='stylesheet' href='/hostile.css'><script src='/hostile.js'></script>"
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    )
    site.pages["/hostile.css"] = Says(HOSTILE_CSS.encode(), "text/css")
    site.pages["/hostile.js"] = Says(HOSTILE_JS.encode(), "text/javascript")
    site.pages["/plain"] = page_with(line)
    site.pages["/hostile"] = page_with(line, hostile)
    sites.allow(bot, site.url, OPERATOR)
    seen = {}
    for name in ("plain", "hostile"):
        page = visit(windows, f"{site.url}/{name}", reduced_motion="reduce")
        expect(launcher(page)).to_have_accessible_name("Open the chat")
        closed = evaluate(page, SHAPE), picture(page, ".launcher")
        ask(opened(page))
        seen[name] = *closed, evaluate(page, SHAPE), picture(page, ".panel")
    assert evaluate(page, "[].extra() + getComputedStyle(document.body).display") == "extrainline"
    assert seen["plain"] == seen["hostile"]
    assert "DIV 796 172 384 640 block" in seen["plain"][2]


def picture(page, what) -> bytes:
    box = page.locator(f"mevichat-widget {what}").bounding_box()
    return page.screenshot(clip=box, animations="disabled")


def test_nothing_is_asked_for_before_it_is_opened(live, bot, site, line, windows):
    site.pages["/"] = page_with(line)
    sites.allow(bot, site.url, OPERATOR)
    page = windows.open("about:blank")
    requests = []
    page.context.on("request", lambda request: requests.append(request.url))
    page.goto(site.url)
    page.wait_for_load_state("networkidle")
    page.mouse.move(1150, 850)
    page.keyboard.press("Tab")
    page.wait_for_load_state("networkidle")
    assert page.evaluate("document.activeElement.tagName") == "MEVICHAT-WIDGET"
    assert page.evaluate("document.activeElement.shadowRoot") is None
    assert requests == [f"{site.url}/", f"{live.url}/w/{bot.id}.js"]
    bots.set_enabled(bot, False, OPERATOR)
    page.keyboard.press("Enter")
    until(lambda: page.frames[1:], 10, "the frame")
    away = page.frames[1]
    expect(away.get_by_role("heading")).to_have_text("This chat is turned off right now.")
    expect(away.get_by_role("button", name="Close the chat")).to_be_focused()
    page.keyboard.press("Escape")
    until(lambda: not page.evaluate("Mevichat.isOpen"), 10, "the closing")
    windows.expect_status(403)


def test_a_site_that_may_not_show_it_asks_for_it_in_the_console(
    live, bot, owner, workspace, site, line, windows
):
    site.pages["/"] = page_with(line)
    page = windows.open("about:blank")
    page.context.add_init_script(OPEN_ROOTS)
    with page.expect_console_message(lambda logged: logged.type == "info") as message:
        page.goto(site.url)
    assert f"{site.url} isn’t an allowed site for this chat yet." in message.value.text
    assert page.locator("mevichat-widget, iframe").count() == 0

    console = windows.open(f"{live.url}/sign-in?next=/w/{workspace.slug}/bots")
    console.get_by_label("Email").fill(owner.email)
    console.get_by_label("Password").fill(PASSWORD)
    console.get_by_role("button", name="Sign in").click()
    console.get_by_role("link", name="Allow this site?").click()
    console.get_by_role("button", name=f"Allow: {site.url}").click()
    expect(console.get_by_text("Fern now works on")).to_be_visible()
    page.reload()
    ask(opened(page))


def test_a_page_that_hides_where_it_is_loses_the_widget_and_is_asked_for(
    live, bot, site, line, windows
):
    site.pages["/"] = page_with(line, "<meta name='referrer' content='no-referrer'>")
    page = visit(windows, site.url)
    with page.expect_console_message(lambda message: "an allowed site" in message.text):
        launcher(page).click()
    expect(page.locator("mevichat-widget")).to_have_count(0)
    assert [
        row["origin"]
        for row in live.rows("SELECT origin FROM seen_origins WHERE bot_id = ?", bot.id)
    ] == [site.url]
    windows.complaints = [text for text in windows.complaints if "frame-ancestors" not in text]


def test_a_talk_goes_on_where_storage_of_others_is_blocked(live, bot, site, line, browser):
    site.pages["/"] = page_with(line)
    site.pages["/second"] = page_with(line)
    host = site.url.replace("127.0.0.1", "localhost")
    sites.allow(bot, host, OPERATOR)
    with launched(browser.browser_type, "--test-third-party-cookie-phaseout") as strict:
        windows = Windows(strict, hosts=("127.0.0.1", "localhost"))
        page = visit(windows, host)
        ask(opened(page))
        frame = next(frame for frame in page.frames if "/frame" in frame.url)
        assert frame.evaluate(STORAGE) == "SecurityError"
        page.reload()
        frame = page.frame_locator("mevichat-widget iframe")
        expect(frame.locator('[data-role="answer"] .text')).to_have_text("You said: one two three")
        page.goto(f"{host}/second")
        frame = page.frame_locator("mevichat-widget iframe")
        ask(frame, "four five")
        expect(frame.locator('[data-role="answer"]')).to_have_count(2)
        windows.close()
    assert not windows.complaints
    assert (
        live.rows("SELECT origin FROM conversations WHERE bot_id = ?", bot.id)[0]["origin"] == host
    )


# Ways of a page


def test_it_stands_once_however_the_line_comes_in_and_whatever_the_page_does(
    live, bot, site, line, windows
):
    early = line.replace(" defer", "")
    site.pages["/twice"] = page_with(early + line, "<base href='https://elsewhere.example/'>")
    site.pages["/later"] = page_with("", body="<div id='all'>An application</div>")
    sites.allow(bot, site.url, OPERATOR)
    page = visit(windows, f"{site.url}/twice")
    expect(launcher(page)).to_have_count(1)
    page.goto(f"{site.url}/later")
    page.evaluate(
        "src => document.head.append(Object.assign(document.createElement('script'), { src }))",
        f"{live.url}/w/{bot.id}.js",
    )
    ask(opened(page))
    for change in (
        "document.body.innerHTML = '<p>Another view</p>'",
        "document.documentElement.replaceChild(document.createElement('body'), document.body)",
        "document.querySelector('mevichat-widget').remove()",
    ):
        page.evaluate(change)
        expect(launcher(page)).to_have_count(1)
    frame = page.frame_locator("mevichat-widget iframe")
    expect(frame.locator('[data-role="answer"] .text')).to_have_text("You said: one two three")


def test_by_keyboard_it_is_opened_used_and_closed_and_the_page_is_told(
    live, bot, site, line, windows
):
    site.pages["/"] = page_with(line, body="<a href='#'>A link</a>")
    sites.allow(bot, site.url, OPERATOR)
    page = visit(windows, site.url)
    page.evaluate(
        """() => {
          window.told = [];
          for (const name of ["open", "message", "close"]) {
            Mevichat.on(name, ({ detail }) => told.push([name, detail.bot, detail.role, detail.status]));
          }
        }"""
    )
    for _ in range(2):
        page.keyboard.press("Tab")
    expect(launcher(page)).to_be_focused()
    expect(launcher(page)).to_have_attribute("aria-expanded", "false")
    page.keyboard.press("Enter")
    frame = page.frame_locator("mevichat-widget iframe")
    expect(frame.get_by_label("Your message")).to_be_focused()
    expect(launcher(page)).to_have_attribute("aria-expanded", "true")
    expect(launcher(page)).to_have_accessible_name("Close the chat")
    page.keyboard.type("one two three")
    page.keyboard.press("Enter")
    expect(frame.locator('[data-role="answer"] .text')).to_have_text("You said: one two three")
    until(lambda: len(page.evaluate("told")) > 1, 10, "the event of the answer")
    page.keyboard.press("Escape")
    expect(launcher(page)).to_be_focused()
    expect(page.locator("mevichat-widget .panel")).to_be_hidden()
    messages = page.evaluate("told")
    assert messages[0] == ["open", bot.id, None, None]
    assert ["message", bot.id, "answer", "complete"] in messages
    assert messages[-1] == ["close", bot.id, None, None]


def test_a_chat_that_cannot_be_loaded_says_so_and_is_tried_again(live, bot, site, line, windows):
    site.pages["/"] = page_with(line.replace(" defer", " defer data-language='de-AT'"))
    sites.allow(bot, site.url, OPERATOR)
    page = visit(windows, site.url)
    page.context.set_offline(True)
    launcher(page).click()
    panel = page.locator("mevichat-widget .panel")
    expect(panel.get_by_role("alert")).to_have_text("Der Chat konnte nicht geladen werden.")
    page.context.set_offline(False)
    panel.get_by_role("button", name="Noch einmal versuchen").click()
    frame = page.frame_locator("mevichat-widget iframe")
    expect(frame.get_by_label("Ihre Nachricht")).to_be_focused()
    windows.complaints = [text for text in windows.complaints if "ERR_INTERNET" not in text]


def test_on_a_phone_it_is_the_screen_and_on_a_desk_it_is_open_on_the_next_page(
    live, bot, site, line, windows
):
    site.pages["/"] = page_with(line, body="<p>Long.</p>" * 200)
    sites.allow(bot, site.url, OPERATOR)
    phone = {"width": 390, "height": 700}
    page = visit(windows, site.url, viewport=phone, color_scheme="dark")
    frame = opened(page)
    panel = page.locator("mevichat-widget .panel")
    assert panel.bounding_box() == {"x": 0, "y": 0} | phone
    expect(panel).to_have_css("background-color", "rgb(25, 24, 22)")
    expect(launcher(page)).to_be_hidden()
    page.mouse.wheel(0, 500)
    assert page.evaluate("getComputedStyle(document.documentElement).overflow") == "hidden"
    page.reload()
    expect(launcher(page)).to_be_visible()
    expect(panel).to_be_hidden()
    opened(page)
    frame.get_by_role("button", name="Close the chat").click()
    expect(launcher(page)).to_be_visible()
    assert page.evaluate("[document.documentElement.style.overflow, scrollY]") == ["", 0]
    page.set_viewport_size({"width": 1200, "height": 900})
    opened(page)
    page.reload()
    expect(frame.get_by_label("Your message")).to_be_visible()
    assert page.evaluate("document.activeElement === document.body")
    launcher(page).click()
    page.reload()
    expect(launcher(page)).to_be_visible()
    expect(panel).to_be_hidden()


def test_an_answer_that_comes_while_it_is_closed_is_counted(
    live, bot, site, line, windows, provider
):
    site.pages["/"] = page_with(line)
    sites.allow(bot, site.url, OPERATOR)
    page = visit(windows, site.url)
    frame = opened(page)
    gate = provider.hold()
    frame.get_by_label("Your message").fill("one two three")
    frame.get_by_label("Your message").press("Enter")
    gate.wait_for(1)
    page.keyboard.press("Escape")
    expect(launcher(page)).to_have_attribute("aria-expanded", "false")
    gate.open()
    expect(launcher(page)).to_have_accessible_name("Open the chat. Unread messages: 1")
    expect(page.locator("mevichat-widget .badge")).to_have_text("1")
    expect(page.locator("mevichat-widget").get_by_role("status")).to_have_text("Unread messages: 1")
    launcher(page).click()
    expect(page.locator("mevichat-widget .badge")).to_be_hidden()
    expect(frame.locator('[data-role="answer"] .text')).to_be_visible()
    assert page.evaluate("Mevichat.unread") == 0
