"""Moving everything to the newest ring key: once for each row, again after a stop, past what cannot be read."""

import pytest
from sqlalchemy import select

from core.accounts import audit
from core.accounts.actor import Actor
from core.accounts.models import Person
from core.db import session, transaction
from core.keys import checks, saving, store
from core.keys.models import ProviderKey
from core.keys.saving import Proof
from core.operations import key_doctor, reencryption
from core.outbox import deliveries
from core.outbox.models import Delivery
from core.secrets import deployment_secrets, vault
from tests import marker
from tests.bot_client import make_key
from tests.core.secrets.test_vault import ring_key
from tests.databases import on_both_databases
from tests.people import make_person, make_workspace

ANN = Actor("Ann")


@pytest.fixture
def rings(app):
    """The old ring key alone, then the new one with it, then the new one alone."""
    before, old, new = list(vault._ring), ring_key(), ring_key()
    vault.configure([old])
    yield {"old": [old], "both": [new, old], "new": [new]}
    vault._ring[:] = before


@pytest.fixture
def workspace(rings):
    return make_workspace(make_person("ann"), "Acme", "pro")


def seal_one_of_everything(workspace) -> None:
    make_key(workspace, "anthropic")
    make_key(workspace, "openai")
    with transaction() as current:
        person = current.scalars(select(Person)).first()
        person.totp_sealed = vault.seal("TOTP", person.totp_key_context)
        deliveries.add(current, "mail", "invitation", "x@example.com", {"text": "x"}, workspace.id)


@on_both_databases
def test_everything_moves_and_the_old_ring_key_can_go(workspace, rings, provider):
    seal_one_of_everything(workspace)
    lines = audit.verify(workspace.id).lines
    vault.configure(rings["both"])
    report = reencryption.reencrypt()
    assert (report.moved, report.unreadable) == (2 + 2 + 1 + 1, [])
    vault.configure(rings["new"])
    session().expire_all()
    assert store.use(workspace, "anthropic")[1] == marker.anthropic_key()
    with transaction() as current:
        assert deployment_secrets.newest(current, audit.SECRET)[0] == 1
        audit.record(current, workspace.id, ANN, "key.tested", "anthropic")
    assert audit.verify(workspace.id) == audit.Verdict(workspace.id, lines + 1)
    person = session().scalars(select(Person)).first()
    assert vault.open_sealed(person.totp_sealed, person.totp_key_context) == "TOTP"
    sent = session().scalars(select(Delivery).where(Delivery.recipient == "x@example.com")).one()
    assert deliveries.content_of(sent) == {"text": "x"}
    with pytest.raises(Exception, match="already stored"):  # the fingerprint outlived the ring key
        checks.check_candidate_later(workspace, "anthropic", marker.anthropic_key(), ANN)


def test_a_second_run_finds_nothing_to_do(workspace, rings):
    seal_one_of_everything(workspace)
    vault.configure(rings["both"])
    reencryption.reencrypt()
    again = reencryption.reencrypt()
    assert (again.moved, again.unreadable) == (0, [])


@on_both_databases
@pytest.mark.parametrize("stopped_after", [1, 2, 3])
def test_a_run_that_was_stopped_goes_on_where_it_was(workspace, rings, monkeypatch, stopped_after):
    monkeypatch.setattr(reencryption, "BATCH", 2)
    for number in range(7):
        make_key(make_workspace(make_person(f"p{number}"), f"W{number}", "pro"))
    vault.configure(rings["both"])

    class Killed(BaseException):
        pass

    def stop(_what: str, seen: int) -> None:
        if seen >= 2 * stopped_after:
            raise Killed

    with pytest.raises(Killed):
        reencryption.reencrypt(stop)
    session().rollback()
    newest = vault.ring_key_names()[0]
    moved = session().query(ProviderKey).filter_by(ring_key=newest).count()
    assert moved == 2 * stopped_after
    assert reencryption.reencrypt().moved >= 7 - moved
    vault.configure(rings["new"])
    for key in session().scalars(select(ProviderKey)):
        assert vault.open_sealed(key.sealed, key.key_context) == marker.anthropic_key()


@on_both_databases
def test_a_key_replaced_in_the_middle_stays_replaced(workspace, rings, monkeypatch):
    make_key(workspace)
    vault.configure(rings["both"])
    real = reencryption._move

    def move(shelf, batch, report):
        if shelf.model is ProviderKey:
            saving.save(
                workspace.id, "anthropic", marker.anthropic_key("NEXT"), ANN, Proof("chk_2")
            )
        real(shelf, batch, report)

    monkeypatch.setattr(reencryption, "_move", move)
    reencryption.reencrypt()
    vault.configure(rings["new"])
    session().expire_all()
    assert store.use(workspace, "anthropic")[1] == marker.anthropic_key("NEXT")


def test_what_cannot_be_read_is_reported_and_left_as_it_is(workspace, rings):
    make_key(workspace, "openai")
    broken = make_key(workspace, "anthropic")
    with transaction() as current:
        current.query(ProviderKey).filter_by(id=broken.id).update({"sealed": "junk"})
    session().expire_all()
    vault.configure(rings["both"])
    report = reencryption.reencrypt()
    assert report.unreadable == [f"provider key {workspace.id} anthropic"]
    kept = session().get(ProviderKey, broken.id, populate_existing=True)
    assert (kept.sealed, kept.status) == ("junk", "valid")
    assert any(
        "anthropic key of acme can’t be decrypted" in p for p in key_doctor.examine().problems
    )


def test_keys_from_before_the_column_are_looked_at_and_named(workspace, rings):
    key = make_key(workspace)
    with transaction() as current:
        current.query(ProviderKey).update({"ring_key": ""})
    session().expire_all()
    report = reencryption.reencrypt()
    assert (report.moved, report.there_already) == (0, 3)
    stored = session().get(ProviderKey, key.id, populate_existing=True)
    assert stored.ring_key == vault.ring_key_names()[0]


def test_the_doctor_tells_which_ring_key_may_go(workspace, rings):
    make_key(workspace)
    vault.configure(rings["both"])
    assert any(
        "keys still use the older ring key" in problem for problem in key_doctor.examine().problems
    )
    reencryption.reencrypt()
    session().expire_all()
    found = key_doctor.examine()
    assert any("you can remove it from ENCRYPTION_KEYS" in fact for fact in found.facts)
    assert [problem for problem in found.problems if "ring key" in problem] == []
    assert any("No worker runs checks" in problem for problem in found.problems)


@pytest.mark.parametrize("arguments", [["keys", "reencrypt"], ["keys", "doctor"]])
def test_the_commands_say_it_and_end_with_1_where_something_is_wrong(
    app, workspace, rings, arguments
):
    make_key(workspace)
    runner = app.test_cli_runner()
    vault.configure(rings["new"])
    done = runner.invoke(args=arguments)
    assert done.exit_code == 1
    assert "acme" in done.output or workspace.id in done.output
    assert marker.MARKER not in done.output


def test_a_subscription_is_noted_by_the_operator(app, workspace):
    make_key(workspace)
    runner = app.test_cli_runner()
    arguments = ["keys", "mark-subscription", "acme", "anthropic", "--name", "Token Plan Plus"]
    assert runner.invoke(args=[*arguments, "--url", "javascript:alert(1)"]).exit_code == 1
    assert runner.invoke(args=[*arguments, "--url", "https://plan.example/cancel"]).exit_code == 0
    session().commit()
    session().expire_all()
    key = store.get(workspace.id, "anthropic")
    assert (key.subscription, key.subscription_url) == (
        "Token Plan Plus",
        "https://plan.example/cancel",
    )
