"""A key through random histories: whatever happens in whatever order, what holds goes on holding."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from core import clock
from core.accounts import audit, workspaces
from core.accounts.actor import OPERATOR, Actor
from core.db import session
from core.errors import NotFound
from core.keys import saving, states, store, verdicts
from core.keys.models import INVALID, VALID
from core.keys.saving import Proof
from core.keys.store import Usable
from core.outbox.models import Delivery
from core.providers.failures import KEY_FAULTS, Failure, FailureKind
from tests import marker
from tests.people import make_person, make_workspace

RITA = Actor("Rita", "192.0.2.7")
MODEL = "anthropic:claude-haiku-4-5"
BY_CHECK = st.sampled_from(["test", "confirm", "schedule"])
FAILURES = st.sampled_from(list(FailureKind)).map(lambda kind: Failure(kind, "Words."))
_count = iter(range(10**9))


class KeyHistory(RuleBasedStateMachine):
    """The model is four facts: what is stored, what was said of it, the switch, what was told."""

    def __init__(self) -> None:
        super().__init__()
        number = next(_count)
        owner = make_person(f"rita{number}")
        self.workspace = make_workspace(owner, f"Acme {number}", "pro")
        self.stored: str | None = None
        self.version = 0
        self.status, self.reason = VALID, ""
        self.enabled = True
        self.notified = False
        self.breaks = self.recoveries = 0

    @initialize()
    def begin(self) -> None:
        self.add_or_replace("aaaa")

    @property
    def key(self):
        session().commit()
        session().expire_all()
        return store.find(self.workspace.id, "anthropic")

    @rule(tail=st.text("abcdefgh", min_size=4, max_size=4))
    def add_or_replace(self, tail: str) -> None:
        secret = marker.anthropic_key(tail)
        saving.save(self.workspace.id, "anthropic", secret, RITA, Proof(f"chk_{next(_count)}"))
        self.version = self.version + 1 if self.stored else 1
        self.enabled = self.enabled if self.stored else True
        self.stored, self.status, self.reason = secret, VALID, ""
        self.recoveries += self.notified
        self.notified = False

    @precondition(lambda self: self.stored)
    @rule()
    def delete(self) -> None:
        store.remove(self.key, RITA)
        self.stored, self.status, self.reason, self.notified = None, VALID, "", False

    @precondition(lambda self: self.stored)
    @rule(enabled=st.booleans())
    def switch(self, enabled: bool) -> None:
        assert store.set_enabled(self.key, enabled, RITA) == (enabled != self.enabled)
        self.enabled = enabled

    @precondition(lambda self: self.stored)
    @rule(failure=FAILURES, late=st.booleans())
    def live_request_fails(self, failure: Failure, late: bool) -> None:
        """`late`: on a version that has been replaced meanwhile."""
        version = self.version - 1 if late else self.version
        news = verdicts.record_refusal(self.key.id, version, failure, MODEL)
        if late or failure.kind not in KEY_FAULTS:
            assert not news
            return
        known = failure.kind is FailureKind.no_permission and MODEL in self.key.unavailable_models
        if known:
            assert not news
            return
        assert news == (self.status == VALID)
        self.status, self.reason = INVALID, str(failure.kind)

    @precondition(lambda self: self.stored)
    @rule(failure=st.none() | FAILURES, by=BY_CHECK)
    def check_ends(self, failure: Failure | None, by: str) -> None:
        verdicts.record_check(self.key, states.verdict_of(failure), by)
        if failure is None:
            self.recoveries += self.notified
            self.status, self.reason, self.notified = VALID, "", False
        elif failure.kind in KEY_FAULTS:
            self.status, self.reason = INVALID, str(failure.kind)
        if self.status == INVALID and not self.notified:
            self.breaks += 1
            self.notified = True

    @rule(hours=st.integers(1, 100))
    def time_passes(self, hours: int) -> None:
        clock.shift(clock._shift + timedelta(hours=hours))

    @rule(plan=st.sampled_from(["free", "pro", "scale"]))
    def plan_changes(self, plan: str) -> None:
        self.workspace = workspaces.by_slug(self.workspace.slug)
        if self.workspace.plan_key != plan:
            workspaces.set_plan(self.workspace, plan, OPERATOR)
            session().expire_all()
            self.workspace = workspaces.by_slug(self.workspace.slug)

    @invariant()
    def the_row_is_what_was_said(self) -> None:
        key = self.key
        if self.stored is None:
            assert key is None
            return
        assert (key.version, key.status, key.reason) == (self.version, self.status, self.reason)
        assert key.enabled == self.enabled
        assert (key.told_broken_at is not None) == self.notified
        assert key.recheck_at is not None
        assert (key.status == INVALID) >= self.notified

    @invariant()
    def it_serves_exactly_when_nothing_speaks_against_it(self) -> None:
        found = store.use(self.workspace, "anthropic")
        may = self.stored and self.enabled and self.status == VALID
        if may and self.workspace.plan.provider_keys:
            assert isinstance(found[0], Usable)
            assert found[1] == self.stored
        else:
            assert not isinstance(found, tuple)

    @invariant()
    def each_break_and_each_recovery_was_told_once(self) -> None:
        deliveries = session().query(Delivery).filter_by(workspace_id=self.workspace.id)
        assert deliveries.filter_by(event="key_broken").count() == self.breaks
        assert deliveries.filter_by(event="key_recovered").count() == self.recoveries

    def teardown(self) -> None:
        assert audit.verify(self.workspace.id).problem == ""
        clock.shift(timedelta())


@pytest.mark.timeout(900)
def test_every_history_of_a_key_keeps_what_holds(app, request):
    try:
        run_state_machine_as_test(
            KeyHistory,
            settings=settings(
                max_examples=400 if request.config.getoption("--soak") else 30,
                stateful_step_count=25,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
    finally:
        clock.shift(timedelta())


def test_a_deleted_key_is_deleted_once(app):
    workspace = make_workspace(make_person("rita"), "Acme", "pro")
    saving.save(workspace.id, "anthropic", marker.anthropic_key(), RITA, Proof("chk_1"))
    key = store.get(workspace.id, "anthropic")
    store.remove(key, RITA)
    with pytest.raises(NotFound):
        store.remove(key, RITA)
    assert [line.action for line in audit.lines_of(workspace.id, action="key")] == [
        "key.deleted",
        "key.added",
    ]
