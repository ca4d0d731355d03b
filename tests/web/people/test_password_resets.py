"""A forgotten password in a browser: the same answer for every address, and one link that works once."""

import pytest

from core.accounts import people
from core.ids import new_token
from tests.browser import Browser
from tests.people import PASSWORD, person_now
from tests.postbox import emails_to, link_in

NEW = "another horse battery"


def ask(browser, email="owner@example.com"):
    return browser.post("/password-resets/new", {"email": email})


def link(email="owner@example.com") -> str:
    return link_in(emails_to(email, "password_reset")[-1])


def test_from_the_forgotten_password_to_the_new_one(app, cast, signed_in):
    there, browser = signed_in("owner"), Browser(app)
    assert "/password-resets/new" in browser.get("/sign-in").text
    assert ask(browser).location == "/password-resets"
    assert "owner@example.com" in browser.get(link()).text
    assert browser.post(link(), {"password": NEW}).location == "/sign-in"
    assert "Sign in with the new one" in browser.get("/sign-in").text
    assert there.get("/w/acme").status_code == 303
    assert people.knows_password(person_now("owner@example.com"), NEW)
    assert browser.get(link()).status_code == 404


def test_every_address_gets_the_same_answer(app, cast):
    answers = [ask(Browser(app), f"{name}@example.com") for name in ("owner", "nobody")]
    assert answers[0].data == answers[1].data
    assert answers[0].location == answers[1].location
    assert not emails_to("nobody@example.com")


@pytest.mark.parametrize("email", ["", "x" * 255])
def test_an_address_that_is_none_comes_back(app, email):
    assert ask(Browser(app), email).status_code == 422


@pytest.mark.parametrize(("password", "says"), [("", "Enter a password"), ("short", "12 to 200")])
def test_a_password_that_cannot_be_comes_back_and_the_link_still_works(app, cast, password, says):
    browser = Browser(app)
    ask(browser)
    page = browser.post(link(), {"password": password})
    assert page.status_code == 422
    assert says in page.text
    assert browser.post(link(), {"password": NEW}).status_code == 303


def test_a_dead_link_says_to_ask_for_another(app):
    for path in (f"/password-resets/{new_token('mvp')}", "/password-resets/x"):
        page = Browser(app).get(path)
        assert page.status_code == 404
        assert "Request a new one" in page.text


def test_neither_the_token_nor_the_password_is_in_a_log(app, cast, logged):
    browser = Browser(app)
    ask(browser)
    browser.get(link())
    browser.post(link(), {"password": NEW})
    browser.post("/sign-in", {"email": PASSWORD, "password": PASSWORD})
    assert "sign_in_failed" in logged()
    for secret in (link().rpartition("/")[2], NEW, PASSWORD):
        assert secret not in logged()
