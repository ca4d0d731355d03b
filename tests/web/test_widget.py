"""The widget's script and its frame: who is given them, with which words, and what they leave behind."""


import pytest

from core.accounts.actor import OPERATOR
from core.bots import bots, seen
from core.db import session
from tests.talking import make_bot

SHOP, OTHER = "https://shop.example", "https://other.example"


@pytest.fixture
def bot(cast):
    return make_bot(cast.workspace, name="Fern & Fable", allowed_origins=(SHOP,))


@pytest.fixture
def client(app):
    return app.test_client()


def asked(client, bot, **headers):
    return client.get(f"/w/{bot.id}.js", headers={name.title(): at for name, at in headers.items()})


def seen_sites(bot):
    session().commit()
    session().expire_all()
    return [(row.origin, row.dismissed) for row in seen.of_bots([bot.id])]


# The script


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"referer": f"{SHOP}/"},
        {"referer": f"{SHOP}/a/page?with=query#x"},
        {"origin": SHOP},
        {"referer": "http://localhost/w/acme/bots"},
    ],
    ids=["no referrer", "site", "page", "asked with CORS", "our own page"],
)
def test_a_site_on_the_list_and_one_that_says_nothing_get_the_widget(client, bot, headers):
    answer = asked(client, bot, **headers)
    assert answer.status_code == 200
    assert answer.mimetype == "text/javascript"
    assert f'"frame":"http://localhost/chat/{bot.id}/frame"' in answer.text
    assert not seen_sites(bot)


@pytest.mark.parametrize(
    "headers",
    [
        {"referer": f"{OTHER}/page"},
        {"origin": OTHER, "referer": f"{SHOP}/"},
        {"referer": "https://shop.example.evil.example/"},
        {"referer": "http://shop.example/"},
        {"referer": "https://shop.example:8443/"},
    ],
)
def test_any_other_site_gets_one_line_for_its_owner_and_is_remembered(client, bot, headers):
    answer = asked(client, bot, **headers)
    origin = headers.get("origin") or "/".join(headers["referer"].split("/")[:3])
    assert answer.status_code == 200
    assert len(answer.text.splitlines()) == 2
    assert f'console.info("Mevichat: {origin} may not show this chat yet.' in answer.text
    assert "frame" not in answer.text
    assert seen_sites(bot) == [(origin, False)]


@pytest.mark.parametrize(
    "origin", ["null", "file:///home/shop.html", "chrome-extension://abc", "x" * 5_000]
)
def test_what_could_not_be_allowed_is_refused_and_not_remembered(client, bot, origin):
    answer = asked(client, bot, origin=origin)
    assert "This page has no address that could be allowed." in answer.text
    assert not seen_sites(bot)


def test_a_bot_that_is_off_shows_nothing_and_says_why_to_the_sites_owner(client, bot):
    bots.set_enabled(bot, False, OPERATOR)
    answer = asked(client, bot, referer=f"{SHOP}/")
    assert "This chat is switched off." in answer.text
    assert "frame" not in answer.text


def test_there_is_no_script_for_a_bot_that_is_none(client):
    assert client.get("/w/bot_0000000000000000000a.js").status_code == 404


def test_the_address_is_no_workspaces(app, signed_in):
    assert signed_in("owner").client.get("/w/acme.js").status_code == 404


def test_it_is_kept_for_a_minute_and_asked_for_again_by_its_tag(client, bot):
    answer = asked(client, bot, referer=f"{SHOP}/")
    assert answer.headers["Cache-Control"] == "private, max-age=60"
    assert {"Referer", "Origin"} <= set(answer.vary)
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Set-Cookie" not in answer.headers
    again = asked(client, bot, referer=f"{SHOP}/", if_none_match=answer.headers["ETag"])
    assert again.status_code == 304


def test_its_words_are_there_in_every_language_and_its_name_is_data(client, cast):
    bot = make_bot(cast.workspace, name='</script><b>"Ünïcode`${x}`')
    text = asked(client, bot).text
    assert '"title":"</script><b>\\"Ünïcode`${x}`"' in text
    for words in ("Open the chat", "Chat öffnen", "Ouvrir le chat", "チャットを開く"):
        assert words in text
    assert asked(client, bot).headers["Content-Type"] == "text/javascript; charset=utf-8"
