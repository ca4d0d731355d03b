"""Search and commands: what each role finds, as a page and as the palette's piece."""

import html

import html5lib
import pytest

from tests.bot_client import make_bot
from tests.people import INSIDERS


def found(browser, q="", htmx=True, slug="acme"):
    """Text and address of everything that is offered, in order."""
    page = browser.get(f"/w/{slug}/search?q={q}", htmx=htmx)
    assert page.status_code == 200
    tree = html5lib.parse(page.text, namespaceHTMLElements=False)
    hits = [node for node in tree.iter() if node.get("class") == "hit"]
    return {list(hit.iter("span"))[-1].text: hit.get("href", "") for hit in hits}


def test_a_bot_is_found_by_a_part_of_its_name_with_its_pages(cast, signed_in):
    bot = make_bot(cast.workspace, name="Lamp finder")
    make_bot(cast.workspace, name="Support")
    hits = found(signed_in("owner"), "LAMP")
    assert hits["Lamp finder"] == f"/w/acme/bots/{bot.id}"
    assert hits["Lamp finder: knowledge"] == f"/w/acme/bots/{bot.id}/knowledge"
    assert "Support" not in hits
    assert list(found(signed_in("owner"), "lamp know")) == [
        "Lamp finder: knowledge", "Search conversations for “lamp know”",
    ]  # fmt: skip


def test_a_page_is_found_by_words_that_are_not_its_name(cast, signed_in):
    assert found(signed_in("owner"), "billing")["Plan & balance"] == "/w/acme/plan"
    assert found(signed_in("owner"), "webhook")["Alerts"] == "/w/acme/alerts"


@pytest.mark.parametrize("who", INSIDERS)
def test_nothing_is_offered_that_the_role_does_not_open(cast, signed_in, who):
    make_bot(cast.workspace)
    browser = signed_in(who)
    for q in ("", "support", "gateway", "new", "in", "a"):
        for text, url in found(browser, q).items():
            if url:
                assert browser.client.get(url).status_code == 200, (text, url)


@pytest.mark.parametrize(
    ("who", "has", "lacks"),
    [
        ("owner", {"New bot", "Add a provider key", "Invite a person"}, set()),
        ("admin", {"New bot"}, {"Add a provider key", "Invite a person"}),
        ("billing", {"Add a provider key"}, {"New bot", "Invite a person"}),
        ("member", {"New gateway token"}, {"New bot", "Add a provider key", "Audit log"}),
    ],
)
def test_first_steps_are_those_of_the_role(cast, signed_in, who, has, lacks):
    hits = set(found(signed_in(who)))
    assert has <= hits
    assert not lacks & hits


def test_other_workspaces_are_ones_own_and_nobody_elses(cast, signed_in):
    owner = signed_in("owner")
    hits = found(owner, "workspace")
    assert hits["Owner’s workspace"].startswith("/w/")
    assert "Elsewhere" not in hits
    assert "Acme" in found(owner, slug=hits["Owner’s workspace"].removeprefix("/w/"))


def test_conversations_are_searched_from_two_letters_on(cast, signed_in):
    owner = signed_in("owner")
    url = found(owner, "no%20order")["Search conversations for “no order”"]
    assert url == "/w/acme/conversations?q=no+order"
    assert not any("conversations for" in text for text in found(owner, "n"))


def test_without_a_script_it_is_a_page_with_a_form_and_without_themes(cast, signed_in):
    page = signed_in("owner").get("/w/acme/search?q=theme")
    assert 'name="q" value="theme"' in page.text
    assert "data-theme-choice" not in page.text
    assert "Theme: dark" in found(signed_in("owner"), "dark")
    assert found(signed_in("owner"), "dark", htmx=False) == {
        "Search conversations for “dark”": "/w/acme/conversations?q=dark"
    }


def test_what_is_typed_comes_back_as_text(cast, signed_in):
    attack = "\"'><script>hit()</script>"
    for htmx in (True, False):
        page = signed_in("owner").get("/w/acme/search", query_string={"q": attack}, htmx=htmx)
        assert attack not in page.text
        assert attack in html.unescape(page.text)


def test_a_personal_workspace_invites_nobody(cast, signed_in):
    owner = signed_in("owner")
    slug = found(owner, "workspace")["Owner’s workspace"].rpartition("/")[2]
    assert "Invite a person" not in found(owner, slug=slug)
    assert "New bot" in found(owner, slug=slug)
