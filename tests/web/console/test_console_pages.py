"""The console's pages and the hosted chat: each for everybody who may see it, and inert whatever was typed."""

import re
from pathlib import Path

import html5lib
import pytest

from core.accounts import workspaces
from core.accounts.actor import OPERATOR
from core.bots import bots
from core.bots.answers.failure_messages import FAILURE_SENTENCE
from core.bots.bots import Draft
from core.db import db
from core.knowledge import sources
from core.providers import catalogue
from tests.bot_client import BotClient, make_bot, make_key
from tests.browser import Browser
from tests.people import INSIDERS, PASSWORD, make_workspace
from tests.providers import Reply
from tests.routes import routes, set_stage

ATTACKS = [
    "\"'><script>hit()</script><img src=x onerror=hit()><b hx-on:click=hit()>",
    "</title></textarea></template><iframe src=//evil.example></iframe>{{7*7}}${7*7}",
    "[a](javascript:hit) ![b](//evil.example) <a href=jAvAsCrIpT:hit hx-get=/x>c</a>",
]
"""Each as long as a name may be."""
OURS = (
    *("/", "#", "http://localhost/", "mailto:"),
    *(one.key_url for one in catalogue.byok_providers()),
    *(one.console_url for one in catalogue.byok_providers()),
)


def inert(page) -> None:
    """Nothing in the page came out of a text as markup, and every address is one of ours.

    That it is valid, without inline scripts, styles and handlers, was seen when it was loaded. A file
    is saved, and not shown.
    """
    if page.mimetype != "text/html":
        assert page.headers["Content-Disposition"].startswith("attachment")
        return
    assert not any(attack in page.text for attack in ATTACKS if "<" in attack)
    assert "49$" not in page.text
    tree = html5lib.HTMLParser(namespaceHTMLElements=False).parse(page.text)
    for node in tree.iter():
        if isinstance(node.tag, str):
            _check_addresses(node)
            assert node.tag not in ("object", "embed"), node.tag
            if node.tag in ("iframe", "img"):
                assert node.get("src", "/chat/").startswith("/chat/"), node.tag
            assert node.get("hx-get", "/").startswith("/")


def _check_addresses(node) -> None:
    for name in ("href", "src", "action", "formaction"):
        address = node.get(name)
        assert address is None or address.startswith(OURS), (node.tag, name, address)


@pytest.mark.parametrize("who", INSIDERS)
def test_every_page_of_the_console_is_valid(app, cast, signed_in, who):
    """For the admin as htmx asks for it: a piece, where there is one."""
    stage, browser = set_stage(app, cast.workspace), signed_in(who)
    for route in routes(app):
        if route.method == "GET" and "slug" in route.arguments:
            url = route.url(stage.values)
            page = browser.get(url, htmx=who == "admin", follow_redirects=True)
            sent_on = page.status_code == 204 and "HX-Redirect" in page.headers
            assert sent_on or page.status_code in (200, 403), route.rule


@pytest.mark.parametrize("plan", ["free", "pro", "scale"])
def test_an_empty_workspace_teaches_the_next_step(app, cast, signed_in, plan):
    workspaces.set_plan(cast.workspace, plan, OPERATOR)
    owner = signed_in("owner")
    assert "Getting started" in owner.get("/w/acme").text
    assert "No bots yet" in owner.get("/w/acme/bots").text
    assert "No conversations yet" in owner.get("/w/acme/conversations").text
    keys = owner.get("/w/acme/provider-keys").text
    assert ("Bring your own key with Pro or Scale" if plan == "free" else "No keys yet") in keys


def test_the_first_steps_go_on_to_the_next_until_all_are_done(app, cast, signed_in):
    """Each with the way to it, for whoever may take it."""
    owner, member, workspace = signed_in("owner"), signed_in("member"), cast.workspace
    assert steps(owner) == [
        "To do Add a provider key",
        "To do Create a bot",
        "To do Add knowledge",
        "To do Put it on your site",
    ]
    make_key(workspace)
    bot = make_bot(workspace)
    assert steps(owner)[:3] == [
        "Done Add a provider key",
        "Done Create a bot",
        "To do Add knowledge",
    ]
    teach = f'href="/w/acme/bots/{bot.id}/knowledge/texts">Add knowledge</a>'
    assert teach in owner.get("/w/acme").text
    assert teach not in member.get("/w/acme").text
    assert f'href="/w/acme/bots/{bot.id}/install">Get the snippet</a>' in member.get("/w/acme").text
    sources.add_text(workspace, make_bot(workspace).id, "Shipping", "Two days.", OPERATOR)
    assert steps(owner)[2:] == ["Done Add knowledge", "To do Put it on your site"]
    make_bot(workspace, name="On a site", allowed_origins=("https://shop.example",))
    assert steps(owner) == []


def steps(browser) -> list[str]:
    """The first steps as Home shows them, each with its state."""
    page = browser.get("/w/acme").text.partition('class="checklist"')[2].partition("</section>")[0]
    return [
        " ".join(step)
        for step in re.findall(r'aria-label="([^"]+)".*?<h3>([^<]+)</h3>', page, re.S)
    ]


def test_a_personal_workspace_has_the_same_pages(app, cast, signed_in):
    owner = signed_in("owner")
    home = owner.get("/", follow_redirects=True)
    assert home.status_code == 200
    mine = [row.workspace for row in workspaces.memberships_of(cast.owner.id)]
    slug = next(workspace.slug for workspace in mine if workspace.kind == "personal")
    paths = ["", "/bots", "/bots/new", "/conversations", "/provider-keys", "/plan", "/settings"]
    for path in paths:
        assert owner.get(f"/w/{slug}{path}").status_code == 200


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_people_type_is_inert_on_every_page(app, cast, provider, signed_in, attack):
    """As names, texts, questions and answers, on every page of the console and of the chat."""
    workspaces.rename(cast.workspace, attack, OPERATOR)
    draft = Draft(
        name=attack, model="mevichat:mini", instructions=attack, welcome=attack, starters=(attack,),
        only_knowledge=False,
    )  # fmt: skip
    stage = set_stage(app, workspaces.by_slug("acme"))
    bots.change(stage.workspace, stage.bot, draft, OPERATOR)
    provider.next(Reply.answer(attack))
    stage.bot_client.say(attack)
    provider.next(Reply.status(500, message=attack))
    stage.bot_client.say(attack)
    owner = signed_in("owner")
    for route in routes(app):
        if route.method == "GET" and "slug" in route.arguments:
            inert(owner.get(route.url(stage.values)))
    inert(owner.get(f"/w/acme/conversations?{_query(q=attack, bot=attack)}"))
    inert(owner.post("/w/acme/settings", {"name": attack * 3}))
    inert(owner.post("/w/acme/bots/new", _all_fields(attack)))
    browser = Browser(app)
    browser.client.set_cookie(f"chat_{stage.bot.id}", stage.bot_client.token)
    page = browser.get(f"/chat/{stage.bot.id}")
    inert(page)
    assert attack in stage.bot_client.messages()[3]["text"]


def test_a_persons_name_is_inert(app, cast):
    for number, attack in enumerate(ATTACKS):
        browser = Browser(app)
        form = {"name": attack, "email": f"x{number}@example.com", "password": PASSWORD}
        home = browser.get(browser.post("/sign-up", form).location, follow_redirects=True)
        inert(home)
        inert(browser.get(f"{home.request.path}/settings"))


def test_what_a_form_refuses_comes_back_inert(app, cast, signed_in):
    nobody = Browser(app)
    for attack in ATTACKS:
        inert(nobody.post("/sign-in", {"email": attack, "password": "x"}))
        form = {"name": attack * 5, "email": attack, "password": "x"}
        inert(nobody.post("/sign-up", form))
        inert(nobody.get(f"/sign-in?{_query(next=attack)}"))
        inert(nobody.get(f"/{_query(x=attack)}"))


def test_an_error_page_repeats_nothing_that_was_asked_for(app, cast, signed_in):
    for url in ("/nothing/<script>", "/w/acme/bots/<script>", "/chat/<script>"):
        page = signed_in("owner").get(url)
        assert page.status_code == 404
        assert "&lt;script" not in page.text
        assert "<script>" not in page.text


def test_a_models_markdown_keeps_its_shape_and_nothing_else(app, cast, provider, signed_in):
    text = (
        "**Bold** and `code`\n\n- one\n- two\n\n[safe](https://example.com) [not](javascript:alert)"
    )
    provider.next(Reply.answer(text))
    bot_client = BotClient(app, make_bot(cast.workspace))
    bot_client.say()
    page = signed_in("owner").get(f"/w/acme/conversations/{bot_client.conversation_id}").text
    for shape in ("<strong>Bold</strong>", '<code dir="ltr">code</code>', "<li>one</li>"):
        assert shape in page
    assert 'href="https://example.com" rel="noopener noreferrer nofollow"' in page
    assert "javascript:" not in re.sub(r"\[not\]\(javascript:alert\)", "", page)


def test_a_failed_answer_shows_the_reason_to_the_owner_and_the_sentence_to_the_visitor(
    app, cast, provider, signed_in
):
    slug = catalogue.byok_providers()[0].slug
    make_key(cast.workspace, slug)
    bot = make_bot(cast.workspace, "claude-haiku-4-5")
    provider.always(Reply.status(500, message="The data centre is on fire"))
    bot_client = BotClient(app, bot)
    bot_client.say("Anybody there?")
    browser = Browser(app)
    browser.client.set_cookie(f"chat_{bot.id}", bot_client.token)
    chat = browser.get(f"/chat/{bot.id}").text
    assert "on fire" not in chat
    assert FAILURE_SENTENCE.replace("'", "&#39;") in chat
    transcript = signed_in("member").get(f"/w/acme/conversations/{bot_client.conversation_id}").text
    assert "The data centre is on fire" in transcript
    assert "couldn’t be reached or had an internal error" in transcript


def test_the_hosted_chat_works_without_a_script(app, cast, provider):
    browser, bot = Browser(app), make_bot(cast.workspace, welcome="Good day")
    url = f"/chat/{bot.id}"
    assert "Good day" in browser.get(url).text
    assert browser.post(f"{url}/messages", {"text": " "}).status_code == 422
    provider.next(Reply.status(500))
    assert browser.post(f"{url}/messages", {"text": "First question"}).location == url
    page = browser.get(url).text
    assert "First question" in page
    message_id = re.search(r'data-role="answer"[^>]*data-id="(msg_\w+)"', page)[1]
    assert browser.post(f"{url}/messages/{message_id}/retry").status_code == 303
    assert "You said: First question" in browser.get(url).text
    browser.post(f"{url}/restart")
    assert "First question" not in browser.get(url).text


def test_a_retry_of_nobodys_message_opens_no_conversation(app, cast):
    from core.bots.models import Conversation
    from core.db import session

    bot = make_bot(cast.workspace)
    answer = Browser(app).post(f"/chat/{bot.id}/messages/msg_0/retry")
    assert answer.status_code == 404
    assert session().query(Conversation).count() == 0


@pytest.mark.parametrize("path", ["", "/messages"])
def test_a_bot_that_is_off_says_so_on_its_page(app, cast, path):
    bot = make_bot(cast.workspace)
    bots.set_enabled(bot, False, OPERATOR)
    browser = Browser(app)
    url = f"/chat/{bot.id}{path}"
    page = browser.post(url, {"text": "Hello"}) if path else browser.get(url)
    assert page.status_code == 403
    assert "This chat is turned off" in page.text


def test_without_the_database_every_caller_is_told_so_in_its_own_format(
    app, cast, chosen, signed_in
):
    owner, bot = signed_in("owner"), make_bot(cast.workspace)
    db.session.remove()
    path = Path(chosen.database_url.removeprefix("sqlite:///"))
    path.rename(f"{path}.away")
    path.mkdir()
    db.engine.dispose()
    try:
        page, piece = owner.get("/w/acme"), owner.get("/w/acme", htmx=True)
        headers = {"Authorization": "Bearer x", "Origin": "https://shop.example"}
        program = owner.client.get(f"/v1/bots/{bot.id}/messages", headers=headers)
    finally:
        path.rmdir()
        Path(f"{path}.away").rename(path)
        db.engine.dispose()
    assert {answer.status_code for answer in (page, piece, program)} == {503}
    assert "The database is unavailable" in page.text
    assert piece.mimetype == "text/plain"
    assert program.json["error"]["code"] == "busy"
    assert owner.get("/w/acme").status_code == 200


def test_pages_carry_the_headers_that_keep_them_safe(app, cast, signed_in):
    page = signed_in("owner").get("/w/acme")
    policy = page.headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert page.headers["Cache-Control"] == "no-store"


def test_a_workspace_can_be_made_and_renamed(app, cast, signed_in):
    owner = signed_in("owner")
    made = owner.post("/workspaces/new", {"name": "  Brand   New  "})
    assert made.location == "/w/brand-new"
    assert owner.post("/w/brand-new/settings", {"name": "Other"}).status_code == 303
    assert "Other" in owner.get("/w/brand-new").text
    for name in ("", " ", "x" * 81):
        assert owner.post("/w/brand-new/settings", {"name": name}).status_code == 422
    assert owner.post("/workspaces/new", {"name": "x" * 80}).status_code == 303


def test_two_workspaces_of_one_name_have_addresses_of_their_own(cast):
    slugs = {make_workspace(cast.owner, "名前", "pro").slug for _ in range(3)}
    assert len(slugs) == 3


FIELDS = {
    "name": [("", 422), ("x" * 80, 303), ("x" * 81, 422)],
    "instructions": [("x" * 20_000, 303), ("x" * 20_001, 422)],
    "welcome": [("x" * 500, 303), ("x" * 501, 422)],
    "starters": [("\n".join("abcdef"), 303), ("\n".join("abcdefg"), 422), ("x" * 121, 422)],
    "allowed_origins": [
        ("https://a.example\n\nhttp://localhost:3000/", 303),
        ("https://a.example/path", 422),
        ("a.example", 422),
        ("https://user@a.example", 422),
        ("*", 422),
        ("\n".join(f"https://{n}.example" for n in range(51)), 422),
    ],
    "model": [
        ("mevichat:mini", 303),
        ("claude-haiku-4-5", 303),
        ("anthropic:claude-sonnet-4-6", 422),
        ("gpt-99", 422),
    ],
}


@pytest.mark.parametrize("field", FIELDS)
def test_a_bots_form_takes_and_refuses_beside_the_field(app, cast, signed_in, field):
    admin, bot = signed_in("admin"), make_bot(cast.workspace)
    for url in ("/w/acme/bots/new", f"/w/acme/bots/{bot.id}/settings"):
        for text, status in FIELDS[field]:
            answer = admin.post(url, {"name": "Bot", "model": "mevichat:mini", field: text})
            assert answer.status_code == status, (url, text[:40])
            if status == 422:
                name = "allowed_origins" if field == "allowed_origins" else field
                assert f'id="{name}-error"' in answer.text, (field, text[:40])


def _query(**values: str) -> str:
    from urllib.parse import urlencode

    return urlencode(values)


def _all_fields(text: str) -> dict[str, str]:
    return dict.fromkeys(FIELDS, text)
