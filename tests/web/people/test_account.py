"""A person's own page: name, password, and the browsers they are signed in on."""

import re

import pytest

from core.accounts import people, sign_ins
from core.accounts.models import SignIn
from core.db import session
from tests.people import EVERYONE, PASSWORD, person_now

NEW = "another horse battery"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.mark.parametrize("who", EVERYONE)
def test_everybody_has_one_and_finds_it_in_the_menu(cast, signed_in, who):
    browser = signed_in(who)
    page = browser.get("/account").text
    assert f"{who}@example.com" in page
    assert f"{who.capitalize()}’s workspace" in page
    slug = "elsewhere" if who == "stranger" else "acme"
    assert 'href="/account"' in browser.get(f"/w/{slug}").text


@pytest.mark.parametrize(("length", "good"), [(0, False), (1, True), (100, True), (101, False)])
def test_a_name_has_1_to_100_characters(cast, signed_in, length, good):
    owner = signed_in("owner")
    answer = owner.post("/account/name", {"name": "é" * length})
    assert answer.status_code == (303 if good else 422)
    assert ("1 to 100" in answer.text) == (not good)
    assert person_now("owner@example.com").name == ("é" * length if good else "Owner")


def test_a_new_password_signs_out_everywhere_else(cast, signed_in):
    here, there = signed_in("owner"), signed_in("owner")
    assert here.post("/account/password", {"present": PASSWORD, "new": NEW}).location == "/account"
    assert "signed out in all other browsers" in here.get("/account").text
    assert there.get("/account").status_code == 303


@pytest.mark.parametrize(
    ("present", "new", "field", "says"),
    [
        ("wrong password", NEW, "present", "isn’t your current password"),
        ("", NEW, "present", "Enter your current password"),
        (PASSWORD, "short", "new", "12 to 200"),
        (PASSWORD, "", "new", "Enter a new password"),
    ],
)
def test_a_change_that_cannot_be_comes_back_beside_its_field(
    cast, signed_in, present, new, field, says
):
    here, there = signed_in("owner"), signed_in("owner")
    page = here.post("/account/password", {"present": present, "new": new})
    assert page.status_code == 422
    assert re.search(rf'id="{field}-error">[^<]*{says}', page.text)
    assert NEW not in page.text
    assert there.get("/account").status_code == 200


def test_each_browser_is_listed_and_can_be_signed_out(cast, signed_in):
    here, there = signed_in("owner"), signed_in("owner")
    there.client.environ_base["HTTP_USER_AGENT"] = FIREFOX
    there.sign_in(cast.owner)
    page = here.get("/account").text
    assert page.count("This browser") == 1
    assert "Firefox on Linux" in page
    which = re.search(r'name="which" value="(sgn_\w+)"', page)[1]
    here.post("/account/ended-sign-ins", {"which": which})
    assert "That browser has been signed out" in here.get("/account").text
    assert there.get("/account").status_code == 303
    here.post("/account/ended-sign-ins", {"which": which})
    assert "already signed out" in here.get("/account").text


def test_all_others_are_signed_out_at_once(cast, signed_in):
    here, others = signed_in("owner"), [signed_in("owner"), signed_in("owner")]
    here.post("/account/ended-sign-ins", {"which": "others"})
    assert here.get("/account").status_code == 200
    assert [browser.get("/account").status_code for browser in others] == [303, 303]
    assert "Sign out everywhere else" not in here.get("/account").text


def test_nobody_signs_out_somebody_else(cast, signed_in):
    member, owner = signed_in("member"), signed_in("owner")
    (row,) = sign_ins.active_sign_ins(cast.owner.id)
    member.post("/account/ended-sign-ins", {"which": row.id})
    member.post("/account/ended-sign-ins", {"which": "others"})
    assert owner.get("/account").status_code == 200
    assert session().query(SignIn).filter(SignIn.ended_at.is_not(None)).count() == 0


def test_the_operator_sets_a_password(app, cast, signed_in):
    there = signed_in("owner")
    run = app.test_cli_runner().invoke
    made = run(args=["people", "set-password", "owner@example.com"], input=f"{NEW}\n")
    assert (made.exit_code, made.output, made.exception) == (0, "", None)
    assert people.knows_password(person_now("owner@example.com"), NEW)
    assert there.get("/account").status_code == 303
    short = run(args=["people", "set-password", "owner@example.com"], input="short\n")
    assert "12 to 200" in short.stderr
