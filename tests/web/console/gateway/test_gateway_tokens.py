"""Gateway tokens in the console: made and shown once, seen by whom, replaced by their person, revoked."""

import re
from datetime import timedelta

import pytest

from core import clock
from core.accounts import audit, memberships
from core.accounts.actor import OPERATOR
from core.db import session
from core.gateway import tokens
from tests.people import INSIDERS
from tests.programs import Program

HERE = "/w/acme/gateway/tokens"
TOKEN = re.compile(r"mvg_[A-Za-z0-9_-]{20,}")


def made_by(browser, name="Agent", life="") -> str:
    """The token that a person makes in the form, as the page shows it."""
    page = browser.post(f"{HERE}/new", {"name": name, "life": life})
    assert page.status_code == 200, page.text
    return set(TOKEN.findall(page.text)).pop()


def rows_now(cast, person=None):
    session().commit()
    session().expire_all()
    return tokens.of_workspace(cast.workspace.id, person.id if person else "")


def opens(app, token) -> bool:
    answer = app.test_client().get("/v1/models", headers={"x-api-key": token})
    assert answer.status_code in (200, 401)
    return answer.status_code == 200


@pytest.mark.parametrize("who", INSIDERS)
def test_everybody_makes_tokens_that_open_the_gateway(app, cast, signed_in, who):
    browser = signed_in(who)
    token = made_by(browser)
    assert opens(app, token)
    (row,) = rows_now(cast, cast[who])
    page = browser.get(HERE).text
    assert row.mask in page and "Works" in page
    assert token not in page


def test_the_page_of_a_new_token_says_how_programs_use_it(app, cast, signed_in):
    page = signed_in("member").post(f"{HERE}/new", {"name": "Agent", "life": ""}).text
    address = app.config["MEVICHAT"].address
    assert f"export ANTHROPIC_BASE_URL={address}\n" in page
    assert f"base_url = &#34;{address}/v1&#34;" in page
    assert page.count("mvg_YOUR_TOKEN") > 4
    assert len(TOKEN.findall(page)) == 1


@pytest.mark.parametrize(("life", "days"), [("", None), ("30", 30), ("90", 90), ("365", 365)])
def test_a_token_ends_when_it_was_chosen(cast, signed_in, life, days):
    made_by(signed_in("member"), life=life)
    (row,) = rows_now(cast)
    if days is None:
        assert row.expires_at is None
    else:
        assert abs(row.expires_at - clock.now() - timedelta(days=days)) < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("fields", "field"),
    [({"name": ""}, "name"), ({"name": "x" * 81}, "name"), ({"name": "A", "life": "31"}, "life")],
)
def test_the_form_says_beside_the_field_what_is_wrong(cast, signed_in, fields, field):
    page = signed_in("member").post(f"{HERE}/new", fields)
    assert page.status_code == 422
    assert f'id="{field}-error"' in page.text
    assert rows_now(cast) == []


def test_members_see_their_own_and_owners_all(cast, signed_in):
    member, owner, billing = (signed_in(who) for who in ("member", "owner", "billing"))
    made_by(member, "Of the member")
    made_by(owner, "Of the owner")
    assert "Of the owner" not in member.get(HERE).text
    assert "No tokens yet" in billing.get(HERE).text
    assert {"Of the member", "Of the owner"} <= set(
        re.findall("Of the [a-z]+", owner.get(HERE).text)
    )


def test_revoking_asks_then_ends_it_at_once(app, cast, signed_in):
    member = signed_in("member")
    token = made_by(member)
    (row,) = rows_now(cast)
    url = f"{HERE}/{row.id}/revocation"
    assert row.mask in member.get(url).text
    assert opens(app, token)
    assert member.post(url).status_code == 303
    assert not opens(app, token)
    assert "Revoked" in member.get(HERE).text
    assert member.post(url).status_code == 409


@pytest.mark.parametrize(
    ("who", "status"), [("owner", 303), ("billing", 403), ("admin", 403), ("stranger", 404)]
)
def test_of_others_only_owners_revoke_a_members_token(app, cast, signed_in, who, status):
    token = made_by(signed_in("member"))
    (row,) = rows_now(cast)
    assert signed_in(who).post(f"{HERE}/{row.id}/revocation").status_code == status
    assert opens(app, token) == (status != 303)


@pytest.mark.parametrize("who", ["owner", "admin"])
def test_nobody_but_its_person_gets_a_new_one_in_its_place(app, cast, signed_in, who):
    token = made_by(signed_in("member"))
    (row,) = rows_now(cast)
    for ask in (signed_in(who).get, signed_in(who).post):
        assert ask(f"{HERE}/{row.id}/replacement").status_code == 403
    assert opens(app, token) and len(rows_now(cast)) == 1


@pytest.mark.parametrize(
    ("grace", "minutes"), [("0", 0), ("30", 30), ("1440", 1440), ("2880", 2880)]
)
def test_a_replaced_token_works_for_its_grace(app, cast, signed_in, shift_clock, grace, minutes):
    member = signed_in("member")
    old = made_by(member)
    (row,) = rows_now(cast)
    url = f"{HERE}/{row.id}/replacement"
    assert member.get(url).status_code == 200
    new = set(TOKEN.findall(member.post(url, {"grace": grace}).text)).pop()
    assert new != old and opens(app, new)
    assert opens(app, old) == (minutes > 0)
    assert ("Replaced (still valid)" in member.get(HERE).text) == (minutes > 0)
    shift_clock(timedelta(minutes=minutes, seconds=1))
    assert not opens(app, old)
    assert opens(app, new)


def test_a_grace_that_is_not_on_the_list_replaces_nothing(app, cast, signed_in):
    member = signed_in("member")
    token = made_by(member)
    (row,) = rows_now(cast)
    page = member.post(f"{HERE}/{row.id}/replacement", {"grace": "31"})
    assert page.status_code == 422 and 'id="grace-error"' in page.text
    assert opens(app, token) and len(rows_now(cast)) == 1


def test_a_token_of_somebody_who_left_is_told_as_over(app, cast, signed_in):
    program = Program(app, cast.workspace, cast.member)
    page = signed_in("owner").get(HERE).text
    assert ">Active<" in page
    place = next(row for row in memberships_of(cast) if row.person_id == cast.member.id)
    memberships.remove(place, OPERATOR)
    assert program.get("/v1/models").status_code == 401
    page = signed_in("owner").get(HERE).text
    assert "Owner left the workspace" in page and ">Active<" not in page


def memberships_of(cast):
    from core.accounts import workspaces

    return workspaces.members(cast.workspace.id)


def test_each_step_is_a_sentence_of_the_audit_log(app, cast, signed_in):
    member, owner = signed_in("member"), signed_in("owner")
    token = made_by(member, "Laptop")
    (row,) = rows_now(cast)
    member.post(f"{HERE}/{row.id}/replacement", {"grace": "30"})
    owner.post(f"{HERE}/{row.id}/revocation")
    rows_now(cast)
    actions = [line.action for line in audit.lines_of(cast.workspace.id, action="token")]
    assert actions == ["token.revoked", "token.replaced", "token.created"]
    page = owner.get("/w/acme/audit-log").text
    assert "created the gateway token “Laptop”" in page
    assert "replaced the gateway token “Laptop”" in page
    assert f"revoked the gateway token “Laptop” ({row.mask}) of member@example.com" in page
    assert token not in page
