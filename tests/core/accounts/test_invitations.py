"""Invitations: one link for one address, seven days, once; and never two places for one person."""

from datetime import timedelta

import pytest

from core import ids
from core.accounts import audit, invitations, people, workspaces
from core.accounts.actor import Actor
from core.accounts.models import Invitation
from core.accounts.roles import Role
from core.db import session
from core.errors import Conflict, Invalid, NotFound
from tests.databases import on_both_databases
from tests.people import make_member, make_person, make_workspace
from tests.postbox import emails_to, token_in
from tests.threads import at_once

ANN = Actor("Ann", "192.0.2.1", "psn_1")
SECRET = "a secret of the tests"
GUEST = "guest@example.com"


@pytest.fixture
def workspace(app):
    return make_workspace(make_person("ann"), "Acme", "pro")


def invite(workspace, email=GUEST, role=Role.ADMIN) -> Invitation:
    return invitations.invite(workspace, email, role, ANN, SECRET)


def join(invitation, person):
    invitations.accept(invitation, person, Actor(person.name, "192.0.2.2", person.id))


def again(workspace, invitation):
    invitations.send_again(workspace, invitation, ANN, SECRET)


def test_an_invitation_is_a_mail_with_a_link_that_leads_to_it(app, workspace):
    made = invite(workspace, " Guest@Example.com ")
    (email,) = emails_to(GUEST)
    assert email.startswith("Ann invited you to Acme\n")
    assert "as Admin" in email
    token = token_in(email)
    assert f"{app.config['MEVICHAT'].address}/invitations/{token}" in email
    assert invitations.by_token(token, SECRET).id == made.id
    assert token not in (made.id, made.token_digest)
    (line,) = audit.lines_of(workspace.id, action="person")
    assert (line.action, line.subject, line.details) == ("person.invited", GUEST, {"role": "Admin"})


def test_whom_it_is_for_joins_with_the_role_and_once(workspace):
    made, guest = invite(workspace), make_person("guest")
    join(made, guest)
    assert workspaces.membership(guest.id, "acme").role == Role.ADMIN
    line = audit.lines_of(workspace.id, action="person")[0]
    assert (line.action, line.actor, line.origin) == ("person.joined", "Guest", "192.0.2.2")
    assert line.details == {"role": "Admin", "invited_by": "Ann"}
    with pytest.raises(Conflict, match="is no longer open"):
        join(made, guest)
    with pytest.raises(NotFound, match="was already accepted"):
        invitations.by_token(token_in(emails_to(GUEST)[0]), SECRET)
    assert not invitations.pending_in(workspace.id)


@on_both_databases
def test_accepted_by_many_clicks_at_once_it_is_one_place(workspace):
    invite(workspace)
    guest_id, token = make_person("guest").id, token_in(emails_to(GUEST)[0])
    found = invitations.by_token(token, SECRET)
    session().commit()
    outcomes = at_once(6, lambda _: join(found, people.by_id(guest_id)))
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Conflict"] * 5 + ["NoneType"]
    session().commit()
    assert len(workspaces.members(workspace.id)) == 2
    assert len(audit.lines_of(workspace.id, action="person.joined")) == 1


@on_both_databases
def test_one_address_invited_by_many_at_once_is_one_invitation(workspace):
    outcomes = at_once(6, lambda _: invite(workspace))
    assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 5
    session().commit()
    assert len(invitations.pending_in(workspace.id)) == 1
    assert len(emails_to(GUEST)) == 1


def test_somebody_else_cannot_take_it(workspace):
    made = invite(workspace)
    with pytest.raises(Invalid, match="guest@example.com; you are signed in as eve@example.com"):
        join(made, make_person("eve"))
    assert len(workspaces.members(workspace.id)) == 1


def test_whoever_got_in_otherwise_is_told_so(workspace):
    made, guest = invite(workspace), make_member(workspace, "guest")
    with pytest.raises(Conflict, match="already in Acme"):
        join(made, guest.person)
    assert len(workspaces.members(workspace.id)) == 2


@pytest.mark.parametrize(
    ("after", "open_"),
    [
        (invitations.VALID_FOR - timedelta(seconds=5), True),
        (invitations.VALID_FOR + timedelta(seconds=5), False),
    ],
)
def test_it_is_open_for_seven_days(workspace, shift_clock, after, open_):
    made, guest = invite(workspace), make_person("guest")
    token = token_in(emails_to(GUEST)[0])
    shift_clock(after)
    if open_:
        join(invitations.by_token(token, SECRET), guest)
        return
    with pytest.raises(NotFound, match="expired on .* Ask Ann"):
        invitations.by_token(token, SECRET)
    with pytest.raises(Conflict, match="expired on"):
        join(made, guest)
    assert len(workspaces.members(workspace.id)) == 1


def test_a_withdrawn_one_leads_nowhere(workspace):
    made, guest = invite(workspace), make_person("guest")
    invitations.withdraw(made, ANN)
    with pytest.raises(NotFound, match="withdrew"):
        invitations.by_token(token_in(emails_to(GUEST)[0]), SECRET)
    for act in (lambda: join(made, guest), lambda: invitations.withdraw(made, ANN)):
        with pytest.raises(Conflict):
            act()
    actions = [line.action for line in audit.lines_of(workspace.id, action="person")]
    assert actions == ["person.invitation_withdrawn", "person.invited"]


def test_sent_again_it_has_another_link_and_seven_new_days(workspace, shift_clock):
    made = invite(workspace)
    shift_clock(timedelta(days=6))
    again(workspace, made)
    first, second = (token_in(email) for email in emails_to(GUEST))
    with pytest.raises(NotFound, match="link doesn’t work"):
        invitations.by_token(first, SECRET)
    shift_clock(timedelta(days=12))
    assert invitations.by_token(second, SECRET).id == made.id


@pytest.mark.parametrize(("seconds", "sent"), [(58, False), (61, True)])
def test_it_is_sent_again_after_a_minute_at_the_earliest(workspace, shift_clock, seconds, sent):
    made = invite(workspace)
    shift_clock(timedelta(seconds=seconds))
    if sent:
        again(workspace, made)
    else:
        with pytest.raises(Invalid, match="Wait a minute"):
            again(workspace, made)
    assert len(emails_to(GUEST)) == 1 + sent


def test_whoever_is_in_or_invited_is_not_invited_twice(workspace, shift_clock):
    with pytest.raises(Conflict, match="already in Acme"):
        invite(workspace, "ann@example.com")
    invite(workspace)
    with pytest.raises(Conflict, match="already invited"):
        invite(workspace)
    shift_clock(timedelta(days=8))
    invite(workspace)
    assert len(invitations.pending_in(workspace.id)) == 1


def test_the_same_address_may_be_invited_elsewhere(workspace):
    invite(workspace)
    invite(make_workspace(make_person("eve"), "Elsewhere", "pro"))
    assert len(emails_to(GUEST)) == 2


def test_a_personal_workspace_is_for_one_person(app):
    ann = make_person("ann")
    personal = workspaces.memberships_of(ann.id)[0].workspace
    with pytest.raises(Invalid, match="for one person"):
        invite(personal)
    assert not emails_to(GUEST)


@pytest.mark.parametrize(
    "email", ["", "guest", "guest@example.com, eve@example.com", "a\nb@c.example"]
)
def test_an_address_that_cannot_be_one_is_refused(workspace, email):
    with pytest.raises(Invalid, match="isn’t valid"):
        invite(workspace, email)


def test_fifty_are_open_at_the_most(workspace, shift_clock):
    made = [invite(workspace, f"guest{number}@example.com") for number in range(50)]
    with pytest.raises(Invalid, match="50 open invitations, which is the limit"):
        invite(workspace)
    invitations.withdraw(made[0], ANN)
    invite(workspace)
    shift_clock(timedelta(days=8))
    invite(workspace, "late@example.com")
    again(workspace, made[1])


def test_a_hundred_are_sent_within_a_day_at_the_most(workspace, shift_clock):
    for number in range(100):
        invitations.withdraw(invite(workspace, f"guest{number}@example.com"), ANN)
    with pytest.raises(Invalid, match="Try again tomorrow"):
        invite(workspace)
    shift_clock(timedelta(days=1, seconds=5))
    invite(workspace)


@pytest.mark.parametrize(
    "token", ["", "x", "mvi_", "mvi_" + "x" * 42, "mvi_" + "é" * 42, "x" * 99_999]
)
def test_junk_leads_nowhere(workspace, token):
    invite(workspace)
    with pytest.raises(NotFound, match="link doesn’t work"):
        invitations.by_token(token, SECRET)


def test_another_secret_or_another_kind_of_token_leads_nowhere(workspace):
    invite(workspace)
    token = token_in(emails_to(GUEST)[0])
    for wrong, secret in (
        (token, "another"),
        (ids.new_token("mvi"), SECRET),
        (ids.new_token("mvp"), SECRET),
    ):
        with pytest.raises(NotFound):
            invitations.by_token(wrong, secret)


def test_another_workspaces_invitation_is_not_found(workspace):
    made = invite(workspace)
    elsewhere = make_workspace(make_person("eve"), "Elsewhere", "pro")
    with pytest.raises(NotFound):
        invitations.get(elsewhere.id, made.id)
