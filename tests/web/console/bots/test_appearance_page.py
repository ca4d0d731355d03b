"""The page of a look: filled from a preset, seen before it is saved, refused with a way out, saved."""

import io
import re

import pytest

from core.accounts import audit, workspaces
from core.accounts.actor import OPERATOR
from core.bots import bots
from core.bots.appearance import avatars, presets
from core.bots.appearance import changes as appearance_changes
from core.bots.appearance.appearance import DEFAULTS, FACTS, Appearance, appearance_of
from core.db import session
from tests.bot_client import make_bot
from tests.pictures import gif, png
from web.console.audit import prose as audit_prose
from web.console.bots.appearance_form import GROUPS, LABELS, kind_of


@pytest.fixture
def bot(cast):
    return make_bot(cast.workspace, welcome="Hello", starters=("Where is my order?",))


@pytest.fixture
def page(bot):
    return f"/w/acme/bots/{bot.id}/look"


@pytest.fixture
def admin(signed_in):
    return signed_in("admin")


def sent(appearance=DEFAULTS, **changes):
    """The form as a browser sends it: a box that is not ticked is not sent."""
    values = appearance.model_dump() | changes
    return {
        name: "y" if value is True else str(value)
        for name, value in values.items()
        if value is not False
    }


def stored(bot):
    session().commit()
    session().expire_all()
    return appearance_of(bots.get(bot.workspace_id, bot.id))


def test_every_field_of_a_look_stands_on_the_page_once(admin, page):
    assert sorted(name for names in GROUPS.values() for name in names) == sorted(FACTS)
    assert {name for name in FACTS if "enum" in FACTS[name]} == set(LABELS)
    for name, words in LABELS.items():
        assert list(words) == FACTS[name]["enum"] or set(words) == set(FACTS[name]["enum"])
    text = admin.get(page).text
    for name in FACTS:
        assert f'name="{name}"' in text
        assert kind_of(name) in ("color", "number", "choice", "select", "flag", "line")


def test_what_the_page_shows_is_what_it_saves(admin, bot, page):
    assert admin.post(page, sent()).status_code == 303
    assert stored(bot) == DEFAULTS
    assert audit.lines_of(bot.workspace_id)[0].action != "bot.look_changed"


def test_a_look_is_saved_and_said_and_shown_to_visitors(admin, bot, page, browser):
    answer = admin.post(page, sent(accent="7A2E8E", title="Ask us", badge=False, font_size="18"))
    assert answer.location == page
    assert "Saved. Visitors see it when they next load a page." in admin.get(page).text
    assert stored(bot).changed() == {
        "accent": "#7a2e8e", "title": "Ask us", "badge": False, "font_size": 18,
    }  # fmt: skip
    assert audit_prose.what(audit.lines_of(bot.workspace_id)[0]).startswith(
        "changed the appearance of"
    )
    chat = browser.get(f"/chat/{bot.id}").text
    assert "Ask us" in chat
    sheet = re.search(r'href="([^"]+look\.css[^"]+)"', chat)[1].replace("&amp;", "&")
    assert "--fill: #7a2e8e;" in browser.get(sheet).text


def test_what_is_wrong_stands_beside_its_field_and_nothing_is_saved(admin, bot, page):
    answer = admin.post(page, sent(accent="teal", radius="99", title="x" * 81, side="top"))
    assert answer.status_code == 422
    assert "Please fix these 4 problems" in answer.text
    for sentence in (
        "Accent: “teal” is not a color. Write it like #0d6360.",
        "Corner radius: a whole number from 0 to 24.",
        "Title: 80 characters at most; this has 81.",
        "Position: choose one of the options.",
    ):
        assert answer.text.count(sentence) == 2
    assert 'value="teal"' in answer.text
    assert stored(bot) == DEFAULTS


def test_a_colour_that_cannot_be_read_is_offered_in_one_that_can(admin, bot, page):
    form = sent(link="#cccccc", radius="4")
    answer = admin.post(page, form)
    assert answer.status_code == 422
    assert "needs 4.5:1" in answer.text
    offered = re.search(r'name="use" value="(link:#[0-9a-f]{6})"', answer.text)[1]
    assert admin.post(page, form | {"use": offered}).status_code == 303
    assert stored(bot).changed() == {"link": offered.removeprefix("link:"), "radius": 4}


@pytest.mark.parametrize("offer", ["title:#ffffff", "nothing:#ffffff", "link", "link:teal", ":"])
def test_only_a_colour_can_be_taken_up(admin, bot, page, offer):
    admin.post(page, sent() | {"use": offer})
    assert stored(bot) == DEFAULTS


def test_a_preset_fills_the_form_and_saves_nothing(admin, bot, page):
    appearance_changes.save(
        bot.workspace, bot, Appearance.model_validate({"title": "Ask us"}), OPERATOR
    )
    text = admin.get(f"{page}?preset=plum").text
    assert "Plum is applied to the preview. Save" in text
    assert 'value="#7a2e8e"' in text
    assert 'value="Ask us"' in text
    assert stored(bot).changed() == {"title": "Ask us"}
    assert "is applied to the preview" not in admin.get(f"{page}?preset=nothing").text


def test_the_preset_that_a_look_has_is_marked(admin, bot, page):
    appearance_changes.save(bot.workspace, bot, presets.find("meadow").appearance, OPERATOR)
    marked = re.findall(r'preset=(\w+)"[^>]*aria-current="true"', admin.get(page).text)
    assert marked == ["meadow"]


def test_the_preview_says_how_it_would_look_and_stores_nothing(admin, bot, page):
    answer = admin.post(f"{page}/preview", sent(accent="#7a2e8e", title="Ask us", language="ar"))
    body = answer.json
    assert body["variables"]["--fill"] == "#7a2e8e"
    assert (body["language"], body["direction"]) == ("ar", "rtl")
    assert body["words"]["title"] == "Ask us"
    assert body["launcher"]["background"] == "#7a2e8e"
    assert body["derived"]["header_background"] == "#7a2e8e"
    assert body["problems"] == []
    assert stored(bot) == DEFAULTS


def test_the_preview_tells_what_is_wrong_and_shows_the_rest(admin, page):
    body = admin.post(f"{page}/preview", sent(radius="99", link="#cccccc", title="Ask us")).json
    assert {problem["field"] for problem in body["problems"]} == {"radius", "link"}
    assert all(problem["sentence"] for problem in body["problems"])
    assert body["words"]["title"] == "Ask us"


def test_a_reset_asks_first(admin, bot, page):
    appearance_changes.save(bot.workspace, bot, presets.find("plum").appearance, OPERATOR)
    assert "go back to the defaults" in admin.get(f"{page}/reset").text
    assert stored(bot) != DEFAULTS
    assert admin.post(f"{page}/reset").location == page
    assert stored(bot) == DEFAULTS


def test_a_bot_that_is_off_has_its_form_without_a_preview(admin, bot, page):
    bots.set_enabled(bot, False, OPERATOR)
    text = admin.get(page).text
    assert "is disabled, so there’s nothing to preview" in text
    assert "<iframe" not in text


# Our name


def test_on_a_plan_that_shows_our_name_what_is_stored_stays_for_a_better_plan(
    admin, bot, page, browser
):
    appearance_changes.save(
        bot.workspace, bot, Appearance.model_validate({"powered_by": False}), OPERATOR
    )
    assert "Powered by Mevichat" not in browser.get(f"/chat/{bot.id}").text
    workspaces.set_plan(bot.workspace, "free", OPERATOR)
    assert "Powered by Mevichat" in browser.get(f"/chat/{bot.id}").text
    assert re.search(r'<input[^>]*\bdisabled\b[^>]*name="powered_by"', admin.get(page).text)
    admin.post(page, sent(radius="3"))
    assert stored(bot).changed() == {"powered_by": False, "radius": 3}


def test_on_a_plan_that_shows_our_name_it_cannot_be_left_out(admin, bot, page):
    workspaces.set_plan(bot.workspace, "free", OPERATOR)
    assert admin.post(page, sent(powered_by=False)).status_code == 303
    assert stored(bot) == DEFAULTS


# The picture


def upload(browser, page, data, name="face.png"):
    return browser.post(f"{page}/picture", {"picture": (io.BytesIO(data), name)})


def test_a_picture_is_uploaded_shown_and_removed(admin, bot, page, browser):
    assert upload(admin, page, png()).location == page
    assert stored(bot).avatar == "picture"
    address = f"/chat/{bot.id}/avatar?v={avatars.digest_of(bot.id)}"
    assert address in admin.get(page).text
    assert address in browser.get(f"/chat/{bot.id}").text
    assert admin.post(f"{page}/picture/removal").location == page
    assert "/avatar?v=" not in browser.get(f"/chat/{bot.id}").text


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "Use PNG, JPEG, WebP or GIF."),
        (gif(4000, 10), "this one is 4000 × 10"),
        (png() + b"\x00" * avatars.MAX_BYTES, "The picture can be up to 128 kB"),
    ],
)
def test_what_is_no_small_picture_is_refused_beside_its_field(admin, bot, page, data, sentence):
    appearance_changes.save(
        bot.workspace, bot, Appearance.model_validate({"accent": "#7a2e8e"}), OPERATOR
    )
    answer = upload(admin, page, data)
    assert answer.status_code == 422
    assert answer.text.count(sentence) == 2
    assert 'value="#7a2e8e"' in answer.text
    assert 'name="badge" type="checkbox"' in answer.text
    assert avatars.find(bot.id) is None


def test_no_file_is_asked_for(admin, page):
    assert "Choose a picture first." in admin.post(f"{page}/picture").text


def test_more_than_a_megabyte_is_read_past_and_refused(admin, page):
    assert upload(admin, page, b"x" * 1_200_000).status_code == 413
