"""The people of a workspace in a browser: seen by all of them, changed by owners, at once for everybody."""

import re

import pytest

from core.accounts import invitations, workspaces
from core.accounts.roles import Role
from core.db import session
from tests.browser import Browser
from tests.people import INSIDERS, make_member
from tests.postbox import emails_to, link_in

GUEST = "guest@example.com"


def member_id(cast, name) -> str:
    rows = workspaces.members(cast.workspace.id)
    return next(row.id for row in rows if row.person_id == cast[name].id)


def role_of(cast, name) -> str:
    session().commit()
    session().expire_all()
    return workspaces.membership(cast[name].id, "acme").role


def post_role(browser, cast, name, role, **options):
    url = f"/w/acme/people/{member_id(cast, name)}/role"
    return browser.post(url, {"role": role}, **options)


def invite(browser, email=GUEST, role="admin", **options):
    return browser.post("/w/acme/people/invitations", {"email": email, "role": role}, **options)


@pytest.mark.parametrize("who", INSIDERS)
def test_everybody_sees_who_is_in_and_owners_what_to_do_about_it(cast, signed_in, who):
    invite(signed_in("owner"))
    page = signed_in(who).get("/w/acme/people").text
    for name in INSIDERS:
        assert f"{name}@example.com" in page
    assert GUEST in page
    acts = {"Invite a person", "Cancel invitation", "Remove…", "<select"}
    assert {act for act in acts if act in page} == (acts if who == "owner" else set())
    assert page.count("(you)") == 1
    assert page.count("Leave…") == 1


def test_a_new_role_counts_from_the_next_request_on(cast, signed_in):
    owner, billing = signed_in("owner"), signed_in("billing")
    assert billing.get("/w/acme/provider-keys/new").status_code == 200
    assert post_role(owner, cast, "billing", "member").status_code == 303
    assert billing.get("/w/acme/provider-keys/new").status_code == 403
    assert "Billing is member now" in owner.get("/w/acme/people").text


def test_with_htmx_the_row_comes_back_and_it_is_said(cast, signed_in):
    row = post_role(signed_in("owner"), cast, "member", "admin", htmx=True)
    assert row.status_code == 200
    assert row.text.lstrip().startswith('<tr id="member-')
    assert '<option value="admin" selected>' in row.text
    assert "Member is admin now." in row.headers["HX-Trigger"]
    assert role_of(cast, "member") == Role.ADMIN


@pytest.mark.parametrize("role", ["", "king", "Owner", None])
def test_a_role_that_is_none_changes_nothing(cast, signed_in, role):
    owner = signed_in("owner")
    for htmx in (False, True):
        answer = post_role(owner, cast, "member", role or "", htmx=htmx)
        assert answer.status_code == 422
        assert "Choose a role" in answer.text
    assert role_of(cast, "member") == Role.MEMBER


def test_the_only_owner_is_told_why_they_stay(cast, signed_in):
    owner = signed_in("owner")
    own = f"/w/acme/people/{member_id(cast, 'owner')}"
    answers = (
        owner.post(f"{own}/role", {"role": "member"}),
        owner.post(f"{own}/role", {"role": "member"}, htmx=True),
        owner.post(f"{own}/removal"),
        owner.post("/w/acme/people/departure"),
    )
    for answer in answers:
        assert answer.status_code == 422
        assert "Make someone else an owner first" in answer.text
    assert "Make someone else" in owner.get("/w/acme/people/departure").text
    assert "Leave Acme</button>" not in owner.get("/w/acme/people/departure").text
    assert role_of(cast, "owner") == Role.OWNER


def test_an_owner_who_steps_down_is_led_to_the_page_as_it_is_now(cast, signed_in):
    owner = signed_in("owner")
    make_member(cast.workspace, "second", Role.OWNER)
    answer = post_role(owner, cast, "owner", "member", htmx=True)
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (204, "/w/acme/people")
    page = owner.get("/w/acme/people").text
    assert "Invite a person" not in page
    assert "Owner is member now" in page


def test_removing_asks_and_names_the_effect(cast, signed_in):
    owner, admin = signed_in("owner"), signed_in("admin")
    url = f"/w/acme/people/{member_id(cast, 'admin')}/removal"
    page = owner.get(url).text
    assert "Remove Admin?" in page
    assert "loses access to Acme immediately" in page
    assert admin.get("/w/acme").status_code == 200
    assert owner.post(url).location == "/w/acme/people"
    assert admin.get("/w/acme").status_code == 404
    assert "Admin is no longer in Acme" in owner.get("/w/acme/people").text


@pytest.mark.parametrize("who", ["billing", "admin", "member"])
def test_leaving_leads_to_ones_own_workspace(cast, signed_in, who):
    browser = signed_in(who)
    assert "Leave Acme?" in browser.get("/w/acme/people/departure").text
    assert browser.post("/w/acme/people/departure").location == "/"
    page = browser.get("/", follow_redirects=True).text
    assert "You have left Acme" in page
    assert browser.get("/w/acme").status_code == 404


def test_inviting_sends_a_mail_and_shows_that_it_waits(cast, signed_in):
    owner = signed_in("owner")
    assert invite(owner).location == "/w/acme/people"
    page = owner.get("/w/acme/people").text
    assert f"{GUEST} is invited" in page
    assert "Pending" in page
    assert len(emails_to(GUEST)) == 1


@pytest.mark.parametrize(
    ("email", "role", "field", "says"),
    [
        ("", "admin", "email", "Enter an email address"),
        ("guest", "admin", "email", "isn’t valid"),
        ("member@example.com", "admin", "email", "already in Acme"),
        (GUEST, "", "role", "Choose a role"),
        (GUEST, "king", "role", "valid choice"),
    ],
)
def test_what_cannot_be_invited_comes_back_with_the_form(cast, signed_in, email, role, field, says):
    owner = signed_in("owner")
    for htmx in (False, True):
        page = invite(owner, email, role, htmx=htmx)
        assert page.status_code == 422
        assert says in page.text
        assert f'id="{field}-error"' in page.text
        assert page.text.lstrip().startswith("<form") == htmx
    assert not emails_to(email)


def test_sent_again_and_withdrawn(cast, signed_in, shift_clock):
    owner = signed_in("owner")
    invite(owner)
    (waiting,) = invitations.pending_in(cast.workspace.id)
    url = f"/w/acme/people/invitations/{waiting.id}"
    owner.post(f"{url}/mails")
    assert "Try again in a minute" in owner.get("/w/acme/people").text
    shift_clock(invitations.RESEND_AFTER * 2)
    owner.post(f"{url}/mails")
    assert "The previous link no longer works" in owner.get("/w/acme/people").text
    first, second = (link_in(email) for email in emails_to(GUEST))
    assert Browser(owner.client.application).get(first).status_code == 404
    assert Browser(owner.client.application).get(second).status_code == 200
    owner.post(f"{url}/withdrawal")
    assert GUEST not in re.sub(
        "Invitation of guest@example.com canceled", "", owner.get("/w/acme/people").text
    )
    assert Browser(owner.client.application).get(second).status_code == 404
    assert owner.post(f"{url}/withdrawal").status_code == 404


def test_one_that_ran_out_says_so_and_can_be_sent_again(cast, signed_in, shift_clock):
    invite(signed_in("owner"))
    shift_clock(invitations.VALID_FOR * 2)
    owner = signed_in("owner")
    assert "Expired" in owner.get("/w/acme/people").text
    (late,) = invitations.pending_in(cast.workspace.id)
    owner.post(f"/w/acme/people/invitations/{late.id}/mails")
    assert "Pending" in owner.get("/w/acme/people").text


def test_a_personal_workspace_points_to_an_organization(cast, signed_in):
    owner = signed_in("owner")
    page = owner.get("/w/owners-workspace/people").text
    assert "create an organization workspace" in page
    assert "Invite a person" not in page
    refused = owner.post(
        "/w/owners-workspace/people/invitations", {"email": GUEST, "role": "member"}
    )
    assert refused.status_code == 422
    assert "for one person" in refused.text
