"""What verdicts leave behind: the next look, the day's counts, the audit line, and who is told once."""

from datetime import timedelta

import pytest
from sqlalchemy import select, text

from core import clock, queue
from core.accounts import audit
from core.accounts.models import Workspace
from core.db import session, transaction
from core.keys import checks, health, rechecks, saving, states, store, verdicts
from core.keys.models import INVALID, VALID, ProviderKey
from core.keys.saving import Proof
from core.outbox.models import Delivery
from core.providers.failures import Failure, FailureKind
from core.secrets import vault
from tests import marker
from tests.bot_client import key_of, make_bot, make_key
from tests.core.secrets.test_vault import ring_key
from tests.databases import on_both_databases
from tests.providers import Reply
from tests.threads import at_once

HAIKU = "anthropic:claude-haiku-4-5"
REJECTED = Failure(FailureKind.rejected, "Invalid key.", 401, request_id="req_7")
NO_PERMISSION = Failure(FailureKind.no_permission, "Not this model.", 403)


@pytest.fixture
def workspace(cast) -> Workspace:
    return cast.workspace


@pytest.fixture
def key(workspace) -> ProviderKey:
    return make_key(workspace)


def recipients(workspace, event: str) -> list[str]:
    session().commit()
    query = select(Delivery.recipient).where(
        Delivery.workspace_id == workspace.id, Delivery.event == event
    )
    return sorted(session().scalars(query))


def actions(workspace) -> list[str]:
    session().commit()
    return [line.action for line in reversed(audit.lines_of(workspace.id, action="key"))]


@on_both_databases
def test_a_live_refusal_flips_the_key_at_once_and_is_told_when_it_is_confirmed(workspace, key):
    make_bot(workspace, HAIKU, name="Support")
    assert verdicts.record_refusal(key.id, 1, REJECTED, HAIKU)
    stored = key_of(workspace)
    assert (stored.status, stored.reason, stored.provider_request_id) == (
        INVALID,
        "rejected",
        "req_7",
    )
    assert recipients(workspace, "key_broken") == []
    for _ in range(3):
        verdicts.record_check(key_of(workspace), states.verdict_of(REJECTED), "confirm")
    assert recipients(workspace, "key_broken") == ["billing@example.com", "owner@example.com"]
    verdicts.record_check(key_of(workspace), states.PASSED, "schedule")
    verdicts.record_check(key_of(workspace), states.PASSED, "schedule")
    assert recipients(workspace, "key_recovered") == ["billing@example.com", "owner@example.com"]
    assert actions(workspace) == ["key.added", "key.invalidated", "key.recovered"]


def test_a_refusal_that_a_check_takes_back_is_told_to_nobody(workspace, key):
    verdicts.record_refusal(key.id, 1, NO_PERMISSION, HAIKU)
    verdicts.record_check(key_of(workspace), states.PASSED, "confirm", {HAIKU}, "A note.")
    stored = key_of(workspace)
    assert (stored.status, stored.note, stored.unavailable_models) == (VALID, "A note.", [HAIKU])
    assert recipients(workspace, "key_broken") == recipients(workspace, "key_recovered") == []


def test_a_model_that_the_key_is_known_not_to_have_does_not_flip_it_again(workspace, key):
    verdicts.record_check(key, states.PASSED, "confirm", {HAIKU})
    assert not verdicts.record_refusal(key.id, 1, NO_PERMISSION, HAIKU)
    assert key_of(workspace).status == VALID
    assert verdicts.record_refusal(key.id, 1, NO_PERMISSION, "anthropic:claude-sonnet-4-6")
    verdicts.record_check(key_of(workspace), states.PASSED, "confirm", {HAIKU})
    assert verdicts.record_refusal(key.id, 1, REJECTED, HAIKU)


def test_people_are_told_even_where_the_confirming_check_could_not_ask(workspace, key):
    verdicts.record_refusal(key.id, 1, REJECTED, HAIKU)
    verdicts.record_check(key_of(workspace), states.UNSURE, "confirm")
    assert key_of(workspace).status == INVALID
    assert recipients(workspace, "key_broken")


def test_a_replacement_of_a_key_that_was_told_broken_is_told_as_its_recovery(workspace, key):
    verdicts.record_check(key, states.verdict_of(REJECTED), "test")
    saving.save(
        workspace.id, "anthropic", marker.anthropic_key("NEXT"), checks.MEVICHAT, Proof("chk_2")
    )
    assert recipients(workspace, "key_recovered") == ["billing@example.com", "owner@example.com"]
    assert key_of(workspace).told_broken_at is None


@on_both_databases
def test_of_many_verdicts_at_once_each_is_told_once(workspace, key):
    refused = states.verdict_of(REJECTED)
    at_once(12, lambda _: verdicts.record_check(key, refused, "test"))
    assert recipients(workspace, "key_broken") == ["billing@example.com", "owner@example.com"]
    assert actions(workspace).count("key.invalidated") == 1
    (day,) = [day for day in health.strips([key.id])[key.id] if day.checks_failed]
    assert (day.checks_failed, day.refusals) == (12, 12)


PAUSES = [5, 15, 60, 180, 720, 1440, 1440]


def test_the_pauses_between_checks_of_a_broken_key_grow_to_a_day(workspace, key):
    verdicts.record_refusal(key.id, 1, REJECTED, HAIKU)
    first = key_of(workspace).recheck_at - clock.now()
    assert timedelta(seconds=58) < first <= verdicts.CONFIRMED_WITHIN
    for minutes in PAUSES:
        verdicts.record_check(key_of(workspace), states.verdict_of(REJECTED), "schedule")
        pause = key_of(workspace).recheck_at - clock.now()
        assert timedelta(minutes=minutes, seconds=-2) < pause <= timedelta(minutes=minutes)
    verdicts.record_check(key_of(workspace), states.PASSED, "schedule")
    stored = key_of(workspace)
    assert stored.rechecks_failed == 0
    assert stored.recheck_at - clock.now() > timedelta(hours=23)


@pytest.mark.parametrize(
    "kind", sorted(set(FailureKind) - {"rejected", "no_permission", "no_credit"})
)
def test_what_passes_by_itself_flips_no_key_and_brings_no_further_back_off(workspace, key, kind):
    failure = Failure(FailureKind(kind), "Words.")
    assert not verdicts.record_refusal(key.id, 1, failure, HAIKU)
    verdicts.record_check(key_of(workspace), states.verdict_of(failure), "schedule")
    stored = key_of(workspace)
    assert (stored.status, stored.reason, stored.provider_words) == (VALID, "", "")
    assert stored.recheck_at - clock.now() <= timedelta(minutes=5)


# The schedule


def due(workspace) -> None:
    with transaction() as current:
        current.query(ProviderKey).update({"recheck_at": clock.now() - timedelta(seconds=1)})
    session().expire_all()


@on_both_databases
def test_a_due_key_is_checked_by_one_of_many_schedules_and_comes_back(
    workspace, key, provider, run_jobs
):
    verdicts.record_refusal(key.id, 1, REJECTED, HAIKU)
    due(workspace)
    assert sum(at_once(6, lambda _: rechecks.recheck_due())) == 1
    run_jobs()
    assert len(provider.chats) == 1
    stored = key_of(workspace)
    assert (stored.status, stored.checked_by) == (VALID, "schedule")


def test_keys_that_are_switched_off_or_asleep_are_left_alone(workspace, key, provider):
    from core.accounts import workspaces
    from core.accounts.actor import OPERATOR

    due(workspace)
    store.set_enabled(key, False, OPERATOR)
    assert rechecks.recheck_due() == 0
    store.set_enabled(key_of(workspace), True, OPERATOR)
    workspaces.set_plan(workspace, "free", OPERATOR)
    session().expire_all()
    assert rechecks.recheck_due() == 0
    workspaces.set_plan(workspaces.by_slug("acme"), "pro", OPERATOR)
    session().expire_all()
    assert rechecks.recheck_due() == 1


def test_a_key_that_just_served_is_not_asked_again(workspace, key):
    due(workspace)
    with transaction() as current:
        store.record_used(current, key.id, failed=False)
    assert rechecks.recheck_due() == 0
    verdicts.record_refusal(key.id, 1, REJECTED, HAIKU)
    due(workspace)
    with transaction() as current:  # a late answer on the key that was refused meanwhile
        store.record_used(current, key.id, failed=False)
    assert rechecks.recheck_due() == 1


def test_without_redis_the_schedule_goes_on_and_tries_again_later(
    workspace, key, chosen, shift_clock
):
    due(workspace)
    queue.configure("redis://127.0.0.1:1/0")
    try:
        assert rechecks.recheck_due() == 0
    finally:
        queue.configure(chosen.redis_address)
    shift_clock(rechecks.CLAIMED_FOR + timedelta(seconds=1))
    assert rechecks.recheck_due() == 1


# Unreadable, and the audit log that cannot be written


def test_an_unreadable_key_is_told_once_and_comes_back_when_its_ring_key_does(
    workspace, key, provider, run_jobs
):
    ring = list(vault._ring)
    vault.configure([ring_key()])
    try:
        for _ in range(3):
            assert not isinstance(store.use(workspace, "anthropic"), tuple)
        assert len(recipients(workspace, "key_broken")) == 2
        due(workspace)
        rechecks.recheck_due()
        run_jobs()
        assert key_of(workspace).reason == "unreadable"
        assert not provider.calls
    finally:
        vault._ring[:] = ring
    due(workspace)
    rechecks.recheck_due()
    run_jobs()
    assert key_of(workspace).status == VALID
    assert len(recipients(workspace, "key_recovered")) == 2


def _add(workspace, key):
    saving.save(workspace.id, "openai", marker.openai_key(), checks.MEVICHAT, Proof("chk_2"))


def _replace(workspace, key):
    secret = marker.anthropic_key("NEXT")
    saving.save(workspace.id, "anthropic", secret, checks.MEVICHAT, Proof("chk_2"))


CHANGES = {
    "add": _add,
    "replace": _replace,
    "enable or disable": lambda _, key: store.set_enabled(key, False, checks.MEVICHAT),
    "delete": lambda _, key: store.remove(key, checks.MEVICHAT),
    "live refusal": lambda _, key: verdicts.record_refusal(key.id, 1, REJECTED, HAIKU),
    "failed check": lambda _, key: verdicts.record_check(key, states.verdict_of(REJECTED), "test"),
    "test": lambda _, key: checks.test_later(key, checks.MEVICHAT),
    "subscription": lambda _, key: store.mark_subscription(key, "Plan", "", checks.MEVICHAT),
}
REFUSE_LINES = {
    "sqlite": (
        "CREATE TRIGGER no_lines BEFORE INSERT ON audit_lines BEGIN SELECT RAISE(ABORT, 'full'); END",
        "DROP TRIGGER no_lines",
    ),
    "postgresql": (
        "ALTER TABLE audit_lines ADD CONSTRAINT no_lines CHECK (number < 0) NOT VALID",
        "ALTER TABLE audit_lines DROP CONSTRAINT no_lines",
    ),
}


@on_both_databases
@pytest.mark.parametrize("change", CHANGES)
def test_without_an_audit_line_no_key_changes(workspace, key, change):
    make_rows = text(
        "SELECT provider, version, mask, enabled, status, reason, subscription FROM provider_keys"
    )
    before = session().execute(make_rows).all()
    with transaction() as current:
        begin, end = REFUSE_LINES[current.get_bind().dialect.name]
        current.execute(text(begin))
    try:
        with pytest.raises(Exception, match="full|no_lines"):
            CHANGES[change](workspace, key)
    finally:
        session().rollback()
        with transaction() as current:
            current.execute(text(end))
    session().commit()
    assert session().execute(make_rows).all() == before
    assert queue.waiting(queue.CHECKS) == 0
    assert audit.verify(workspace.id).problem == ""


def test_a_key_that_cannot_be_judged_keeps_no_reader_waiting(app, workspace, key, provider):
    from tests.bot_client import BotClient

    bot_client = BotClient(app, make_bot(workspace, HAIKU))
    with transaction() as current:
        current.execute(text(REFUSE_LINES["sqlite"][0]))
    provider.next(Reply.status(401))
    reply = bot_client.say("Hello")
    assert (reply.last, key_of(workspace).status) == ("error", VALID)


# The days


def test_thirty_days_are_shown_with_the_worst_of_each(workspace, key, shift_clock):
    shift_clock(timedelta(days=-3))
    with transaction() as current:
        store.record_used(current, key.id, failed=False)
    shift_clock(timedelta(days=-2))
    with transaction() as current:
        store.record_used(current, key.id, failed=True)
    shift_clock(timedelta(days=-1))
    verdicts.record_refusal(key.id, 1, REJECTED, HAIKU)
    shift_clock(timedelta())
    verdicts.record_check(key_of(workspace), states.PASSED, "test")
    strip = health.strips([key.id])[key.id]
    assert len(strip) == 30
    assert strip[-1].day == clock.today()
    assert [day.kind for day in strip[-5:]] == ["none", "good", "warning", "bad", "good"]


@on_both_databases
def test_counts_of_a_day_are_exact_when_many_come_at_once(workspace, key):
    def use(_):
        with transaction() as current:
            store.record_used(current, key.id, failed=False)

    assert at_once(24, use) == [None] * 24
    session().commit()
    assert health.strips([key.id])[key.id][-1].requests == 24


def test_days_that_no_strip_shows_are_forgotten(workspace, key, shift_clock):
    shift_clock(health.KEPT_FOR)
    assert health.delete_old() == 0
    shift_clock(health.KEPT_FOR + timedelta(days=1))
    assert health.delete_old() == 1
