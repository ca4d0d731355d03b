"""The page Install and the demo: the line for a site, who may show the bot, and who asks to."""

import html
import re

import pytest

from core.accounts.actor import Actor
from core.bots import bots, sites
from core.bots.models import Bot
from core.db import session
from core.errors import Invalid
from tests.bot_client import make_bot
from tests.databases import on_both_databases
from tests.threads import at_once

SHOP, OTHER = "https://shop.example", "https://other.example"
OWNER = Actor("Olga")


@pytest.fixture
def bot(cast):
    return make_bot(cast.workspace, name="Fern", allowed_origins=(SHOP,))


@pytest.fixture
def page(bot):
    return f"/w/acme/bots/{bot.id}/install"


def as_it_is(bot) -> Bot:
    session().commit()
    session().expire_all()
    return session().get_one(Bot, bot.id)


def see(app, bot, *sites):
    for site in sites:
        app.test_client().get(f"/w/{bot.id}.js", headers={"Referer": f"{site}/page"})


def asking(text) -> list[str]:
    """The sites that a page asks about."""
    return re.findall(r'aria-label="Allow: ([^"]+)"', text)


def test_the_line_is_the_one_that_works(signed_in, bot, page):
    text = html.unescape(signed_in("member").get(page).text)
    (address,) = re.findall(r'<script src="http://localhost(/w/bot_\w+\.js)" defer></script>', text)
    assert signed_in("member").client.get(address).mimetype == "text/javascript"
    assert "script-src http://localhost; frame-src http://localhost" in text


def test_a_site_that_asks_is_told_on_every_page_until_somebody_says_yes(app, signed_in, bot, page):
    admin = signed_in("admin")
    see(app, bot, OTHER)
    assert (
        f"Fern loaded on {OTHER}, which isn’t an allowed site yet."
        in admin.get("/w/acme/bots").text
    )
    assert f"Fern loaded on {OTHER}" in admin.get("/w/acme").text
    assert asking(admin.get(page).text) == [OTHER]
    assert admin.post(f"{page}/sites", {"site": OTHER}).status_code == 303
    assert as_it_is(bot).allowed_origins == [SHOP, OTHER]
    assert "which may not show it yet" not in admin.get("/w/acme/bots").text
    assert asking(admin.get(page).text) == []
    see(app, bot, OTHER)
    assert not as_it_is(bot).sites_seen


def test_no_is_remembered_and_can_become_yes(app, signed_in, bot, page):
    admin = signed_in("admin")
    see(app, bot, OTHER, "https://third.example")
    assert "Fern loaded on 2 sites that aren’t allowed yet." in admin.get("/w/acme").text
    assert admin.post(f"{page}/sites/refusal", {"site": OTHER}).status_code == 303
    see(app, bot, OTHER)
    text = admin.get(page).text
    assert "Fern loaded on https://third.example" in text
    assert "1 dismissed site" in text
    assert as_it_is(bot).allowed_origins == [SHOP]
    admin.post(f"{page}/sites", {"site": OTHER})
    assert as_it_is(bot).allowed_origins == [SHOP, OTHER]
    assert "dismissed site" not in admin.get(page).text


def test_who_may_not_change_it_sees_who_asks_and_no_button(app, signed_in, bot, page):
    see(app, bot, OTHER)
    text = signed_in("member").get(page).text
    assert OTHER in text
    assert asking(text) == []
    assert "Add site" not in text


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("https://www.example.com", "https://www.example.com"),
        (" HTTPS://WWW.Example.com/ ", "https://www.example.com"),
        ("http://localhost:3000", "http://localhost:3000"),
    ],
)
def test_a_site_is_added_as_browsers_write_it(signed_in, bot, page, written, kept):
    assert signed_in("admin").post(f"{page}/sites", {"site": written}).status_code == 303
    assert as_it_is(bot).allowed_origins == [SHOP, kept]


@pytest.mark.parametrize(
    "written", ["", "example.com", "https://example.com/shop", "ftp://a.example", "*"]
)
def test_what_is_no_site_is_refused_beside_its_field(signed_in, bot, page, written):
    answer = signed_in("admin").post(f"{page}/sites", {"site": written})
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text
    assert "like https://www.example.com" in answer.text
    assert as_it_is(bot).allowed_origins == [SHOP]


def test_a_site_that_is_removed_shows_it_no_more(app, signed_in, bot, page):
    admin = signed_in("admin")
    admin.post(f"{page}/sites/removal", {"site": SHOP})
    assert as_it_is(bot).allowed_origins == []
    see(app, bot, SHOP)
    assert asking(admin.get(page).text) == [SHOP]


def test_what_was_done_stands_in_the_audit_log_once(app, signed_in, bot, page):
    admin = signed_in("admin")
    see(app, bot, OTHER, "https://third.example")
    for path, site in (
        ("", OTHER),
        ("", OTHER),
        ("/refusal", "https://third.example"),
        ("/removal", SHOP),
    ):
        admin.post(f"{page}/sites{path}", {"site": site})
    text = re.sub(r"<[^>]+>", "", signed_in("owner").get("/w/acme/audit-log").text)
    assert text.count(f"allowed {OTHER} to embed Fern") == 1
    assert text.count("dismissed https://third.example, where Fern was seen") == 1
    assert text.count(f"removed {SHOP} from Fern’s allowed sites") == 1


def test_nothing_seen_of_one_bot_is_told_of_another(app, cast, signed_in, bot, page):
    theirs = make_bot(cast.elsewhere, name="Theirs")
    other = make_bot(cast.workspace, name="Moss")
    see(app, theirs, OTHER)
    see(app, other, "https://third.example")
    text = signed_in("owner").get(page).text
    assert OTHER not in text
    assert asking(text) == []


@on_both_databases
def test_sites_that_are_allowed_at_once_are_all_on_the_list(cast, database_url):
    bot = make_bot(cast.workspace)
    addresses = [f"https://site-{number}.example" for number in range(5)]
    at_once(
        5, lambda number: sites.allow(bots.get(bot.workspace_id, bot.id), addresses[number], OWNER)
    )
    assert sorted(as_it_is(bot).allowed_origins) == addresses


@on_both_databases
def test_a_site_seen_at_once_by_many_is_one(cast, database_url):
    bot = make_bot(cast.workspace)
    outcomes = at_once(5, lambda _: sites.note_seen(bots.get(bot.workspace_id, bot.id), OTHER))
    assert outcomes == [None] * 5
    assert [row.origin for row in as_it_is(bot).sites_seen] == [OTHER]


def test_a_list_that_is_full_says_so(cast, bot):
    for number in range(49):
        sites.allow(bot, f"https://site-{number}.example", OWNER)
    with pytest.raises(Invalid, match="at most 50"):
        sites.allow(bot, OTHER, OWNER)
    assert len(as_it_is(bot).allowed_origins) == 50


# The demo


def test_the_demo_carries_the_line_and_says_that_it_is_made_up(app, browser, bot):
    page = browser.get(f"/demo/{bot.id}")
    assert page.status_code == 200
    assert f'<script src="http://localhost/w/{bot.id}.js" defer></script>' in page.text
    assert "This is a demo page." in page.text
    assert "<b>Fern</b>" in page.text


def test_the_demo_stands_at_the_public_address_alone(app, browser, bot):
    app.config["MEVICHAT"] = app.config["MEVICHAT"].model_copy(
        update={"public_url": "https://chat.example.com"}
    )
    answer = browser.get(f"/demo/{bot.id}")
    assert (answer.status_code, answer.location) == (303, f"https://chat.example.com/demo/{bot.id}")
    script = app.test_client().get(f"/w/{bot.id}.js").text
    assert f'"frame":"https://chat.example.com/chat/{bot.id}/frame"' in script
