"""Roles changed, people removed and leaving: an owner always stays, whoever acts at the same moment."""

import pytest
from sqlalchemy import select

from core.accounts import audit, memberships, workspaces
from core.accounts.actor import Actor
from core.accounts.models import Membership
from core.accounts.roles import Role
from core.db import session
from core.errors import Invalid, NotFound
from tests.databases import on_both_databases, on_postgres
from tests.people import make_member, make_person, make_workspace
from tests.threads import at_once

ANN = Actor("Ann", "192.0.2.1", "psn_1")


@pytest.fixture
def workspace(app):
    return make_workspace(make_person("ann"), "Acme", "pro")


def owner_of(workspace) -> Membership:
    row = session().scalar(
        select(Membership).where(
            Membership.workspace_id == workspace.id, Membership.role == Role.OWNER
        )
    )
    return memberships.get(workspace.id, row.id)


def owners(workspace) -> int:
    session().commit()
    session().expire_all()
    return sum(row.role == Role.OWNER for row in workspaces.members(workspace.id))


def last_line(workspace):
    return audit.lines_of(workspace.id, action="person", size=1)[0]


def test_a_changed_role_is_recorded_with_what_it_was(workspace):
    bob = make_member(workspace, "bob")
    memberships.change_role(bob, Role.BILLING, ANN)
    assert memberships.get(workspace.id, bob.id).allows("keys.manage")
    line = last_line(workspace)
    assert (line.action, line.actor, line.subject) == (
        "person.role_changed",
        "Ann",
        "bob@example.com",
    )
    assert line.details == {"was": "Member", "now": "Billing manager"}


def test_the_role_somebody_has_already_changes_and_records_nothing(workspace):
    bob = make_member(workspace, "bob")
    memberships.change_role(bob, Role.MEMBER, ANN)
    assert not audit.lines_of(workspace.id, action="person")


@pytest.mark.parametrize(
    ("act", "action"),
    [(memberships.remove, "person.removed"), (memberships.leave, "person.left")],
    ids=["removed", "left"],
)
def test_whoever_was_removed_or_left_is_a_stranger(workspace, act, action):
    bob = make_member(workspace, "bob", Role.ADMIN)
    act(bob, ANN)
    with pytest.raises(NotFound):
        workspaces.membership(bob.person_id, workspace.slug)
    line = last_line(workspace)
    assert (line.action, line.subject) == (action, "bob@example.com")
    assert line.details == {"role": "Admin"}
    with pytest.raises(NotFound):
        act(bob, ANN)
    assert last_line(workspace).number == line.number


LOSING = {
    "demoted": lambda row: memberships.change_role(row, Role.ADMIN, ANN),
    "removed": lambda row: memberships.remove(row, ANN),
    "left": lambda row: memberships.leave(row, ANN),
}


@pytest.mark.parametrize("how", LOSING)
def test_the_only_owner_stays(workspace, how):
    ann = owner_of(workspace)
    make_member(workspace, "bob", Role.ADMIN)
    assert memberships.is_last_owner(ann)
    with pytest.raises(Invalid, match="needs at least one owner"):
        LOSING[how](ann)
    assert owners(workspace) == 1
    assert not audit.lines_of(workspace.id, action="person")


@pytest.mark.parametrize("how", LOSING)
def test_one_of_two_owners_may_go(workspace, how):
    ann = owner_of(workspace)
    bob = make_member(workspace, "bob", Role.OWNER)
    assert not memberships.is_last_owner(ann)
    LOSING[how](ann)
    assert owners(workspace) == 1
    assert memberships.is_last_owner(memberships.get(workspace.id, bob.id))


@on_both_databases
@pytest.mark.parametrize("how", LOSING)
def test_owners_who_go_at_the_same_moment_leave_one(workspace, how):
    ids = [owner_of(workspace).id]
    ids += [make_member(workspace, f"bob{number}", Role.OWNER).id for number in range(5)]
    session().commit()

    def go(number):
        LOSING[how](memberships.get(workspace.id, ids[number]))

    outcomes = at_once(len(ids), go)
    assert [type(outcome).__name__ for outcome in outcomes if outcome] == ["Invalid"]
    assert owners(workspace) == 1
    assert len(audit.lines_of(workspace.id, action="person")) == len(ids) - 1


def test_somebody_elses_place_is_not_found(workspace):
    elsewhere = make_workspace(make_person("eve"), "Elsewhere", "pro")
    with pytest.raises(NotFound):
        memberships.get(workspace.id, owner_of(elsewhere).id)


@on_postgres
def test_a_workspaces_name_and_its_people_change_at_the_same_moment(workspace):
    """Both lock the audit chain, and a line in it refers to the workspace: neither waits for the other."""
    bob = make_member(workspace, "bob")
    session().commit()

    def act(number):
        for turn in range(10):
            if number % 2:
                workspaces.rename(workspace, f"Acme {number} {turn}", ANN)
            else:
                row = memberships.get(workspace.id, bob.id)
                memberships.change_role(row, (Role.ADMIN, Role.MEMBER)[turn % 2], ANN)

    assert at_once(6, act) == [None] * 6
