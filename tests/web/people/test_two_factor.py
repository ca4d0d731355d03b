"""Two-factor authentication in a browser: set up, required at the next sign-in, disabled only by its owner."""

import re
from datetime import timedelta

import pyotp
import pytest

from core import clock
from core.accounts import two_factor
from core.accounts.models import Person
from core.db import transaction
from tests.browser import Browser
from tests.people import PASSWORD, person_now
from tests.postbox import emails_to, link_in

EMAIL = "owner@example.com"
STEP = timedelta(seconds=30)


@pytest.fixture
def later(shift_clock):
    """`later(10)`: that many steps later, near the beginning of one."""
    to_the_next = STEP - timedelta(seconds=clock.now().timestamp() % 30)
    return lambda steps: shift_clock(to_the_next + STEP * steps)


@pytest.fixture
def owner(signed_in, later):
    later(0)
    return signed_in("owner")


@pytest.fixture
def app_secret(owner, later):
    """The secret in the owner's app: the factor is on, and its first code used."""
    secret = set_up(owner)
    assert (
        owner.post("/account/second-factor/confirmation", {"code": code(secret)}).status_code == 200
    )
    later(10)
    return secret


def set_up(browser) -> str:
    assert browser.post("/account/second-factor", {"password": PASSWORD}).status_code == 303
    page = browser.get("/account/second-factor").text
    assert '<svg viewBox="0 0' in page
    return re.search(r"<code>([A-Z2-7 ]+)</code>", page)[1].replace(" ", "")


def code(secret) -> str:
    return pyotp.TOTP(secret).at(clock.now())


def sign_in(app, password=PASSWORD, back="") -> Browser:
    browser = Browser(app)
    answer = browser.post(f"/sign-in{back}", {"email": EMAIL, "password": password})
    assert answer.location == f"/sign-in/code{back}", answer.text
    return browser


def send(browser, text, back=""):
    return browser.post(f"/sign-in/code{back}", {"code": text})


def is_in(browser) -> bool:
    return browser.get("/account").status_code == 200


def person() -> Person:
    return person_now(EMAIL)


def test_setting_up_asks_for_the_password_and_shows_codes_once(owner):
    assert owner.post("/account/second-factor", {"password": "wrong password"}).status_code == 422
    assert not person().totp_sealed
    secret = set_up(owner)
    wrong = owner.post("/account/second-factor/confirmation", {"code": "000000"})
    assert wrong.status_code == 422
    assert "wrong or expired" in wrong.text
    page = owner.post("/account/second-factor/confirmation", {"code": code(secret)}).text
    codes = re.findall(r"<code>([2-9a-z]{4}-[2-9a-z]{4})</code>", page)
    assert len(codes) == 10
    assert person().has_two_factor
    page = owner.get("/account/second-factor").text
    assert secret not in page.replace(" ", "")
    assert "You have 10 of ten recovery codes left" in page
    assert "10 recovery codes left" in owner.get("/account").text


def test_the_password_alone_signs_nobody_in(app, app_secret):
    browser = sign_in(app)
    assert browser.get("/account").location.startswith("/sign-in")
    assert browser.get("/sign-in/code").status_code == 200
    assert send(browser, code(app_secret)).location == "/"
    assert is_in(browser)


def test_both_steps_lead_back_to_the_page_that_asked(app, app_secret):
    back = "?next=/w/acme/people"
    browser = sign_in(app, back=back)
    assert send(browser, "000000", back).status_code == 422
    assert send(browser, code(app_secret), back).location == "/w/acme/people"


def test_a_code_that_was_used_is_refused(app, app_secret):
    used = code(app_secret)
    send(sign_in(app), used)
    browser = sign_in(app)
    assert "already used" in send(browser, used).text
    assert not is_in(browser)


def test_a_recovery_code_signs_in_once(app, app_secret):
    codes = two_factor.new_recovery_codes(person(), app.config["SECRET_KEY"])
    browser = sign_in(app)
    assert send(browser, codes[0]).status_code == 303
    assert is_in(browser)
    assert send(sign_in(app), codes[0]).status_code == 422


def test_the_second_step_is_nobodys_without_the_first(app, cast, app_secret):
    browser = Browser(app)
    assert browser.get("/sign-in/code").location == "/sign-in"
    assert send(browser, code(app_secret)).location == "/sign-in"
    assert (
        browser.post("/sign-in", {"email": EMAIL, "password": "wrong password"}).status_code == 422
    )
    assert send(browser, code(app_secret)).location == "/sign-in"
    assert not is_in(browser)


@pytest.mark.parametrize(("steps", "waits"), [(9, True), (11, False)])
def test_the_second_step_waits_five_minutes(app, app_secret, later, steps, waits):
    browser = sign_in(app)
    later(10 + steps)
    assert (send(browser, code(app_secret)).location == "/") == waits
    assert is_in(browser) == waits


def test_five_codes_can_be_tried_and_an_old_cookie_gives_no_more(app, app_secret):
    browser = sign_in(app)
    cookie = browser.client.get_cookie("mevichat").value
    for _ in range(5):
        browser.client.set_cookie("mevichat", cookie)
        assert send(browser, "000000").status_code == 422
    browser.client.set_cookie("mevichat", cookie)
    assert send(browser, code(app_secret)).status_code == 429
    assert not is_in(browser)
    assert send(sign_in(app), code(app_secret)).location == "/"


def test_thirty_codes_an_hour_can_be_tried_for_one_person(app, app_secret):
    statuses = [send(sign_in(app), "000000").status_code for _ in range(31)]
    assert statuses == [422] * 30 + [429]


def test_a_new_password_ends_what_is_halfway(app, app_secret):
    browser, other = sign_in(app), Browser(app)
    other.post("/password-resets/new", {"email": EMAIL})
    link = link_in(emails_to(EMAIL, "password_reset")[0])
    assert other.post(link, {"password": "another horse battery"}).status_code == 303
    assert send(browser, code(app_secret)).location == "/sign-in"
    assert not is_in(browser)


@pytest.mark.parametrize("what", ["removal", "recovery-codes"])
def test_what_weakens_it_asks_for_password_and_code(app, owner, app_secret, later, what):
    url = f"/account/second-factor/{what}"
    for password, text in (("wrong password", code(app_secret)), (PASSWORD, "000000"), ("", "")):
        assert owner.post(url, {"password": password, "code": text}).status_code == 422
    assert person().has_two_factor
    right = owner.post(url, {"password": PASSWORD, "code": code(app_secret)})
    assert right.status_code == (303 if what == "removal" else 200)
    assert person().has_two_factor == (what != "removal")


def test_switched_off_the_password_signs_in_again(app, owner, app_secret):
    owner.post("/account/second-factor/removal", {"password": PASSWORD, "code": code(app_secret)})
    browser = Browser(app)
    answer = browser.post("/sign-in", {"email": EMAIL, "password": PASSWORD})
    assert answer.location == "/"
    assert is_in(browser)


def test_an_unreadable_secret_says_what_to_do(app, app_secret):
    with transaction() as current:
        current.get(Person, person().id).totp_sealed = "gone"
    page = send(sign_in(app), code(app_secret))
    assert page.status_code == 422
    assert "Use a recovery code, or ask your administrator" in page.text


def test_wrong_codes_are_logged_without_the_code(app, app_secret, logged):
    send(sign_in(app), "271828")
    assert '"step": "code"' in logged()
    assert "271828" not in logged()


def test_the_operator_resets_it(app, app_secret):
    run = app.test_cli_runner().invoke
    assert run(args=["people", "reset-second-factor", EMAIL]).exit_code == 0
    assert not person().has_two_factor
    again = run(args=["people", "reset-second-factor", EMAIL])
    assert (again.exit_code, again.stderr) == (1, "Error: Two-factor authentication is disabled.\n")
    nobody = run(args=["people", "reset-second-factor", "nobody@example.com"])
    assert "There’s no account with the email address nobody@example.com" in nobody.stderr
