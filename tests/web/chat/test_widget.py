"""The widget's script and its frame: who is given them, with which words, and what they leave behind."""

import gzip
from datetime import timedelta

import pytest
from sqlalchemy import select

from core.accounts.actor import OPERATOR
from core.bots import bots, sites
from core.bots.appearance.appearance import Appearance
from core.bots.models import Bot, Conversation
from core.db import session, transaction
from tests.bot_client import BotClient, make_bot

SHOP, OTHER, OUR_OWN = "https://shop.example", "https://other.example", "http://localhost"
EVERYTHING = {
    "accent": "#8a2be2",
    "launcher_background": "#123456",
    "background_light": "#fffdf5",
    "background_dark": "#101014",
    "font": "rounded",
    "launcher_icon": "spark",
    "launcher_text": "Ask us anything you like",
    "teaser_text": "Hello! Looking for a gift, or wondering when your parcel comes? Ask away.",
    "open_seconds": 30,
    "title": "Support of Fern & Fable",
}


@pytest.fixture
def bot(cast):
    return make_bot(cast.workspace, name="Fern & Fable", allowed_origins=(SHOP,))


@pytest.fixture
def client(app):
    return app.test_client()


def loader_response(client, bot, **headers):
    return client.get(f"/w/{bot.id}.js", headers={name.title(): at for name, at in headers.items()})


def seen_sites(bot):
    session().commit()
    session().expire_all()
    return [(row.origin, row.dismissed) for row in session().get_one(Bot, bot.id).sites_seen]


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
    answer = loader_response(client, bot, **headers)
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
    answer = loader_response(client, bot, **headers)
    origin = headers.get("origin") or "/".join(headers["referer"].split("/")[:3])
    assert answer.status_code == 200
    assert len(answer.text.splitlines()) == 2
    assert (
        f'console.info("Mevichat: {origin} isn’t an allowed site for this chat yet.' in answer.text
    )
    assert "frame" not in answer.text
    assert seen_sites(bot) == [(origin, False)]


@pytest.mark.parametrize(
    "origin", ["null", "file:///home/shop.html", "chrome-extension://abc", "x" * 5_000]
)
def test_what_could_not_be_allowed_is_refused_and_not_remembered(client, bot, origin):
    answer = loader_response(client, bot, origin=origin)
    assert "This page has no web address, so it can’t be allowed." in answer.text
    assert not seen_sites(bot)


def test_a_bot_that_is_off_shows_nothing_and_says_why_to_the_sites_owner(client, bot):
    bots.set_enabled(bot, False, OPERATOR)
    answer = loader_response(client, bot, referer=f"{SHOP}/")
    assert "This chat is disabled." in answer.text
    assert "frame" not in answer.text


def test_there_is_no_script_for_a_bot_that_is_none(client):
    assert client.get("/w/bot_0000000000000000000a.js").status_code == 404


def test_the_address_is_no_workspaces(app, signed_in):
    assert signed_in("owner").client.get("/w/acme.js").status_code == 404


def test_it_is_kept_for_a_minute_and_asked_for_again_by_its_tag(client, bot):
    answer = loader_response(client, bot, referer=f"{SHOP}/")
    assert answer.headers["Cache-Control"] == "private, max-age=60"
    assert {"Referer", "Origin"} <= set(answer.vary)
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Set-Cookie" not in answer.headers
    again = loader_response(client, bot, referer=f"{SHOP}/", if_none_match=answer.headers["ETag"])
    assert again.status_code == 304


def test_its_words_are_there_in_every_language_and_its_name_is_data(client, cast):
    bot = make_bot(cast.workspace, name='</script><b>"Ünïcode`${x}`')
    text = loader_response(client, bot).text
    assert '"title":"</script><b>\\"Ünïcode`${x}`"' in text
    for words in ("Open the chat", "Chat öffnen", "Ouvrir le chat", "チャットを開く"):
        assert words in text
    assert loader_response(client, bot).headers["Content-Type"] == "text/javascript; charset=utf-8"


# The frame


def test_the_bots_sites_may_frame_it_and_nobody_else(client, bot):
    policy = client.get(f"/chat/{bot.id}/frame").headers["Content-Security-Policy"]
    assert f"frame-ancestors 'self' {SHOP};" in f"{policy};"
    assert policy.startswith("default-src 'self'")
    hosted = client.get(f"/chat/{bot.id}").headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in hosted


def test_it_reads_and_sets_no_cookie_and_posts_no_form(client, bot, signed_in):
    answer = client.get(f"/chat/{bot.id}/frame")
    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers
    assert "csrf" not in answer.text
    bot_client = BotClient(client.application, bot)
    bot_client.say("A secret")
    owner = signed_in("owner").client
    owner.set_cookie(f"chat_{bot.id}", bot_client.token)
    assert owner.get(f"/chat/{bot.id}/frame").text == answer.text


def test_sites_that_keep_to_themselves_can_frame_it(client, bot):
    headers = client.get(f"/chat/{bot.id}/frame").headers
    assert headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert headers["Cross-Origin-Embedder-Policy"] == "require-corp"
    assert "X-Frame-Options" not in headers


def test_a_bot_that_is_off_has_a_word_for_the_visitor_in_their_language(client, bot):
    bots.set_enabled(bot, False, OPERATOR)
    answer = client.get(f"/chat/{bot.id}/frame?lang=de")
    assert answer.status_code == 403
    assert "Dieser Chat ist gerade ausgeschaltet." in answer.text
    assert f"frame-ancestors 'self' {SHOP}" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("address", "kept"), [(SHOP, SHOP), (OTHER, OUR_OWN), ("", OUR_OWN), ("x" * 5_000, OUR_OWN)]
)
def test_a_conversation_knows_the_site_that_its_frame_stood_on(client, bot, address, kept):
    headers = {"Origin": OUR_OWN, "X-Mevichat-Page": address}
    assert client.post(f"/v1/bots/{bot.id}/conversations", headers=headers).status_code == 201
    session().commit()
    assert session().scalars(select(Conversation.origin)).all() == [kept]


# What was seen


def test_twenty_undecided_sites_are_kept_and_the_oldest_fall_out(client, bot, shift_clock):
    for number in range(25):
        shift_clock(timedelta(minutes=10 * number))
        loader_response(client, bot, referer=f"https://site-{number}.example/")
    assert [origin for origin, _ in seen_sites(bot)] == [
        f"https://site-{number}.example" for number in range(24, 4, -1)
    ]


def test_no_more_than_twenty_new_sites_come_in_an_hour(client, bot, shift_clock):
    for number in range(21):
        loader_response(client, bot, referer=f"https://site-{number}.example/")
    assert len(seen_sites(bot)) == 20
    assert ("https://site-20.example", False) not in seen_sites(bot)
    shift_clock(sites.FRESH + timedelta(seconds=1))
    loader_response(client, bot, referer="https://site-20.example/")
    assert seen_sites(bot)[0] == ("https://site-20.example", False)
    assert len(seen_sites(bot)) == 20


def test_a_site_that_was_seen_within_the_hour_is_not_written_again(client, bot, shift_clock):
    def last_seen_at():
        session().commit()
        session().expire_all()
        return session().get_one(Bot, bot.id).sites_seen[0].last_seen_at

    loader_response(client, bot, referer=f"{OTHER}/")
    first = last_seen_at()
    shift_clock(sites.FRESH - timedelta(seconds=5))
    loader_response(client, bot, referer=f"{OTHER}/")
    assert last_seen_at() == first
    shift_clock(sites.FRESH + timedelta(seconds=5))
    loader_response(client, bot, referer=f"{OTHER}/")
    assert last_seen_at() > first + sites.FRESH


# Sizes


@pytest.mark.parametrize("fields", [{}, EVERYTHING], ids=["ours", "all that can be chosen"])
def test_the_script_weighs_six_kilobytes_at_most(client, bot, fields):
    with transaction() as current:
        current.get_one(Bot, bot.id).look = Appearance(**fields).changed()
    script = loader_response(client, bot).data
    assert (b"function tease" in script) == bool(fields)
    assert len(gzip.compress(script, 9)) <= 6 * 1024
