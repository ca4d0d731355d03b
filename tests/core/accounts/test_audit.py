"""The audit log's chain: whole when nobody touched it, and telling where somebody did."""

import pytest
from sqlalchemy import text

from core.accounts import audit
from core.accounts.actor import Actor
from core.accounts.models import Workspace
from core.db import session, transaction
from core.secrets import deployment_secrets, vault
from tests.core.secrets.test_vault import ring_key
from tests.databases import on_both_databases
from tests.people import make_person, make_workspace
from tests.threads import at_once

ANN = Actor("Ann", "192.0.2.1", "psn_1")


@pytest.fixture
def workspace(app) -> Workspace:
    return make_workspace(make_person("ann"), "Acme", "pro")


def write(workspace, count, action="key.tested"):
    for number in range(count):
        with transaction() as current:
            audit.record(current, workspace.id, ANN, action, "anthropic", turn=number, was="…7xA2")


def tamper(statement, **values):
    """What somebody with the database in their hands can do: the triggers go first."""
    drops = {
        "sqlite": (
            "DROP TRIGGER audit_lines_are_kept_UPDATE",
            "DROP TRIGGER audit_lines_are_kept_DELETE",
        ),
        "postgresql": ("ALTER TABLE audit_lines DISABLE TRIGGER USER",),
    }
    restores = {"sqlite": (), "postgresql": ("ALTER TABLE audit_lines ENABLE TRIGGER USER",)}
    with transaction() as current:
        name = current.get_bind().dialect.name
        for each in (*drops[name], statement, *restores[name]):
            current.execute(text(each), values if each is statement else {})
    session().expire_all()


@on_both_databases
def test_an_untouched_chain_is_whole(workspace):
    before = audit.verify(workspace.id).lines
    write(workspace, 5)
    found = audit.verify(workspace.id)
    assert (found.lines, found.problem) == (before + 5, "")
    line = audit.lines_of(workspace.id)[0]
    assert (line.actor, line.origin, line.actor_id) == ("Ann", "192.0.2.1", "psn_1")
    assert line.details == {"turn": 4, "was": "…7xA2"}


@on_both_databases
def test_lines_written_at_once_form_one_chain(workspace):
    before = audit.verify(workspace.id).lines
    outcomes = at_once(16, lambda _: write(workspace, 2))
    assert outcomes == [None] * 16
    session().commit()
    found = audit.verify(workspace.id)
    assert (found.lines, found.problem) == (before + 32, "")


ALTERED = "Line 3 or an earlier line was altered"
TAMPERING = {
    "an altered actor": ("UPDATE audit_lines SET actor = 'Bob' WHERE number = :n", ALTERED),
    "an altered detail": ("UPDATE audit_lines SET details = '{}' WHERE number = :n", ALTERED),
    "another time": ("UPDATE audit_lines SET at = '2020-01-01' WHERE number = :n", ALTERED),
    "a removed line": ("DELETE FROM audit_lines WHERE number = :n", "Line 3 is missing"),
    "a cut-off end": ("DELETE FROM audit_lines WHERE number >= :n", "The last lines are missing"),
    "a shorter head": ("UPDATE audit_heads SET count = :n", "it counts 3 lines, but there are 8"),
    "a head of nothing": ("DELETE FROM audit_heads WHERE :n = :n", "the log was altered: it is missing"),
    "an altered head": ("UPDATE audit_heads SET seal = 'x' WHERE :n = :n", "head of the log was altered"),
}  # fmt: skip


@on_both_databases
@pytest.mark.parametrize("what", TAMPERING)
def test_what_somebody_did_to_the_log_is_found(workspace, what):
    write(workspace, 6)
    statement, text = TAMPERING[what]
    tamper(statement, n=3)
    assert text in audit.verify(workspace.id).problem


@on_both_databases
def test_a_cut_off_end_with_a_head_made_to_fit_is_found(workspace):
    write(workspace, 6)
    tamper("DELETE FROM audit_lines WHERE number >= 4")
    tamper_head = "UPDATE audit_heads SET count = 3"
    with transaction() as current:
        current.execute(text(tamper_head))
    session().expire_all()
    assert "head of the log was altered" in audit.verify(workspace.id).problem


@on_both_databases
@pytest.mark.parametrize(
    "statement", ["UPDATE audit_lines SET actor = 'x'", "DELETE FROM audit_lines"]
)
def test_the_database_itself_refuses_to_change_lines(workspace, statement):
    write(workspace, 1)
    with pytest.raises(Exception, match="never changed"), transaction() as current:
        current.execute(text(statement))
    assert audit.verify(workspace.id).problem == ""


def test_the_chain_goes_on_under_a_new_ring_key_and_after_the_old_one_is_lost(workspace):
    before = list(vault._ring)
    try:
        write(workspace, 2)
        vault.configure([ring_key()])  # the ring was lost
        session().expire_all()
        write(workspace, 2)
        assert "no encryption key in use decrypts its secret" in audit.verify(workspace.id).problem
        with transaction() as current:
            assert deployment_secrets.newest(current, audit.SECRET)[0] == 2
    finally:
        vault._ring[:] = before
    session().expire_all()


@on_both_databases
def test_lines_are_found_by_action_actor_and_place_in_the_chain(workspace):
    write(workspace, 2, "key.tested")
    write(workspace, 2, "plan.asked")
    assert {line.action for line in audit.lines_of(workspace.id, action="key")} == {"key.tested"}
    assert len(audit.lines_of(workspace.id, action="plan.asked")) == 2
    assert not audit.lines_of(workspace.id, actor="Bob")
    assert "Ann" in audit.counts_by_actor(workspace.id)
    newest = audit.lines_of(workspace.id)[0].number
    assert audit.lines_of(workspace.id, beyond=newest)[0].number == newest - 1
    oldest_first = [line.number for line in audit.lines_of(workspace.id, oldest_first=True)]
    assert oldest_first == list(range(1, newest + 1))
    assert audit.lines_of(workspace.id, beyond=1, oldest_first=True)[0].number == 2
