"""What of a bot's look its chat loads: by an address that changes with it, and nothing that could run."""

import pytest

from core.accounts.actor import OPERATOR
from core.bots import bots
from core.bots.appearance import avatars, theme
from core.bots.appearance import changes as appearance_changes
from core.bots.appearance.appearance import DEFAULTS, Appearance
from tests.bot_client import make_bot
from tests.pictures import gif, jpeg, png, webp


@pytest.fixture
def bot(cast):
    return make_bot(cast.workspace)


def test_the_stylesheet_is_the_looks_and_is_kept_by_its_address(cast, browser, bot):
    purple = Appearance.model_validate({"accent": "#7a2e8e", "mode": "dark"})
    appearance_changes.save(cast.workspace, bot, purple, OPERATOR)
    sheet = browser.get(f"/chat/{bot.id}/look.css?v={theme.digest(purple)}")
    assert sheet.mimetype == "text/css"
    assert "--fill: #7a2e8e;" in sheet.text
    assert "color-scheme: dark;" in sheet.text
    assert {"public", "max-age=31536000", "immutable"} <= directives(sheet)
    assert "Set-Cookie" not in sheet.headers


@pytest.mark.parametrize("version", ["", "?v=", "?v=0000000000"])
def test_at_any_other_address_it_is_asked_for_again(browser, bot, version):
    sheet = browser.get(f"/chat/{bot.id}/look.css{version}")
    assert directives(sheet) == {"public", "max-age=60"}
    etag = {"If-None-Match": sheet.headers["ETag"]}
    assert browser.client.get(f"/chat/{bot.id}/look.css", headers=etag).status_code == 304


def test_the_chat_page_loads_the_stylesheet_of_its_bot(browser, bot):
    address = f"/chat/{bot.id}/look.css?v={theme.digest(DEFAULTS)}"
    assert f'href="{address}"' in browser.get(f"/chat/{bot.id}").text


@pytest.mark.parametrize("make", [png, jpeg, gif, webp])
def test_a_picture_is_served_as_it_came_and_as_nothing_else(browser, bot, make):
    avatars.store(bot, make(), OPERATOR)
    picture = browser.get(f"/chat/{bot.id}/avatar?v={avatars.digest_of(bot.id)}")
    assert picture.data == make()
    assert picture.mimetype == avatars.checked(make())
    assert picture.headers["X-Content-Type-Options"] == "nosniff"
    assert picture.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert {"public", "max-age=31536000", "immutable"} <= directives(picture)


def test_without_a_picture_there_is_none(browser, bot):
    assert browser.get(f"/chat/{bot.id}/avatar").status_code == 404


def test_a_bot_that_is_off_shows_neither(browser, bot):
    avatars.store(bot, png(), OPERATOR)
    bots.set_enabled(bot, False, OPERATOR)
    assert browser.get(f"/chat/{bot.id}/avatar").status_code == 403
    assert browser.get(f"/chat/{bot.id}/look.css").status_code == 403


def directives(answer):
    return {part.strip() for part in answer.headers["Cache-Control"].split(",")}
