"""The page behind an invitation's link, for each who may open it."""

import pytest

from core.accounts import invitations, workspaces
from core.accounts.actor import Actor
from core.accounts.roles import Role
from core.db import session
from core.ids import new_token
from tests.browser import Browser
from tests.people import PASSWORD, make_person, person_now
from tests.postbox import emails_to, link_in

GUEST = "guest@example.com"
FORM = {"name": "Gus", "password": PASSWORD}


@pytest.fixture
def link(app, cast) -> str:
    secret_key = app.config["SECRET_KEY"]
    invitations.invite(cast.workspace, GUEST, Role.BILLING, Actor("Owner"), secret_key)
    return link_in(emails_to(GUEST)[0])


def members(cast) -> dict[str, str]:
    session().commit()
    return {row.person.email: row.role for row in workspaces.members(cast.workspace.id)}


def test_without_an_account_one_is_made_and_the_place_taken(app, cast, link):
    browser = Browser(app)
    page = browser.get(link).text
    assert "Owner invited you to Acme" in page
    assert "As Billing manager: Provider keys" in page
    assert f'value="{GUEST}"' in page
    assert browser.post(f"{link}/account", FORM).location == "/w/acme"
    assert "Acme" in browser.get("/w/acme").text
    assert members(cast)[GUEST] == Role.BILLING
    assert person_now(GUEST).name == "Gus"
    assert Browser(app).get(link).status_code == 404


def test_the_address_is_the_invitations_whatever_is_sent(app, cast, link):
    Browser(app).post(f"{link}/account", FORM | {"email": "eve@example.com"})
    assert person_now("eve@example.com") is None
    assert GUEST in members(cast)


def test_it_makes_an_account_where_signing_up_is_closed(app, cast, link):
    app.config["MEVICHAT"] = app.config["MEVICHAT"].model_copy(update={"open_sign_up": False})
    browser = Browser(app)
    assert "Create an account" not in browser.get("/sign-in").text
    assert browser.get("/sign-up").status_code == 403
    assert browser.post(f"{link}/account", FORM).location == "/w/acme"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"password": ""}, "Enter a password"),
        ({"password": "short"}, "12 to 200"),
        ({"name": "x" * 101}, "longer than 100"),
    ],
)
def test_what_cannot_be_used_comes_back(app, cast, link, change, says):
    page = Browser(app).post(f"{link}/account", FORM | change)
    assert page.status_code == 422
    assert says in page.text
    assert person_now(GUEST) is None


def test_with_an_account_signing_in_leads_back_to_it(app, cast, link):
    make_person("guest")
    browser = Browser(app)
    page = browser.get(link).text
    assert f"/sign-in?next={link}" in page
    form = {"email": GUEST, "password": PASSWORD}
    assert browser.post(f"/sign-in?next={link}", form).location == link
    assert "Accept" in browser.get(link).text
    assert browser.post(f"{link}/acceptance").location == "/w/acme"
    assert "Welcome to Acme" in browser.get("/w/acme").text
    assert members(cast)[GUEST] == Role.BILLING


def test_an_account_that_is_there_is_not_made_again(app, cast, link):
    make_person("guest")
    page = Browser(app).post(f"{link}/account", FORM)
    assert page.status_code == 422
    assert GUEST not in members(cast)


def test_somebody_else_is_told_whom_it_is_for(app, cast, signed_in, link):
    stranger = signed_in("stranger")
    page = stranger.get(link).text
    assert "is for guest@example.com, but you’re signed in as stranger@example.com" in page
    assert "Accept" not in page
    refused = stranger.post(f"{link}/acceptance")
    assert refused.status_code == 422
    assert "is for guest@example.com" in refused.text
    assert stranger.post(f"{link}/account", FORM).status_code == 422
    assert "stranger@example.com" not in members(cast)
    assert person_now(GUEST) is None


def test_who_is_in_already_is_led_there(cast, signed_in, link):
    page = signed_in("member").get(link).text
    assert "You’re already in Acme" in page
    assert 'href="/w/acme"' in page


def test_nobody_accepts_without_signing_in(app, cast, link):
    answer = Browser(app).post(f"{link}/acceptance")
    assert answer.location == "/sign-in"
    assert set(members(cast)) == {
        f"{name}@example.com" for name in ("owner", "billing", "admin", "member")
    }


def test_a_dead_link_is_a_page_that_says_what_to_do(app, link):
    for path in (f"/invitations/{new_token('mvi')}", link[:-1] + "x", "/invitations/x"):
        page = Browser(app).get(path)
        assert page.status_code == 404
        assert "link doesn’t work" in page.text


def test_the_link_is_made_of_this_deployments_address_whoever_asks(app, cast, signed_in):
    owner = signed_in("owner")
    form = {"email": GUEST, "role": "member", "csrf_token": owner.csrf_token()}
    url = "/w/acme/people/invitations"
    owner.client.post(url, data=form, headers={"X-Forwarded-Host": "evil.example"})
    assert f"{app.config['MEVICHAT'].address}/invitations/" in emails_to(GUEST)[0]
    assert "evil.example" not in emails_to(GUEST)[0]


def test_the_token_is_in_no_log(app, cast, link, logged):
    Browser(app).get(link)
    Browser(app).post(f"{link}/acceptance")
    assert "/invitations/" in logged()
    assert link.rpartition("/")[2] not in logged()
