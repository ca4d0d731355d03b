"""A delivery's way, on both databases: claimed once, tried with pauses, over for good, nothing kept."""

from datetime import timedelta

import pytest

from core import clock, queue
from core.db import session, transaction
from core.errors import NotFound
from core.outbox import deliveries, sending
from core.outbox.deliveries import MAX_ATTEMPTS, PAUSES
from core.outbox.models import EMAIL, Delivery
from core.queue import redis_connection
from core.secrets import vault
from core.webhooks.models import WEBHOOK
from tests.core.outbox.conftest import row
from tests.core.secrets.test_vault import ring_key
from tests.databases import on_both_databases
from tests.people import make_person, make_workspace
from tests.threads import at_once

LINK = "https://chat.example.com/invitations/mvi_secret"


def add(workspace_id=None, channel=EMAIL) -> str:
    with transaction() as current:
        content = {"subject": "Hello", "text": LINK}
        return deliveries.add(current, channel, "test", "zoe@example.com", content, workspace_id)


def fail(delivery_id, **options):
    """Claims it, and lets that try fail."""
    claimed = deliveries.claim(delivery_id)
    assert claimed
    with transaction() as current:
        deliveries.record_failure(current, claimed, "It did not answer.", **options)
    return row(delivery_id)


@on_both_databases
def test_what_it_says_is_sealed_for_its_row_and_gone_when_it_is_over(app):
    first, second = add(), add()
    assert LINK not in row(first).sealed
    assert deliveries.content_of(row(first))["text"] == LINK
    with pytest.raises(Exception, match="can’t be decrypted"):
        vault.open_sealed(row(first).sealed, row(second).key_context)
    with transaction() as current:
        deliveries.record_delivered(current, deliveries.claim(first), 250)
    assert (row(first).state, row(first).sealed, row(first).due_at) == ("arrived", "", None)
    assert fail(second, final=True).sealed == ""


@on_both_databases
def test_of_eight_workers_one_gets_it(app):
    delivery_id = add()
    claims = at_once(8, lambda _: deliveries.claim(delivery_id) is not None)
    assert sorted(claims) == [False] * 7 + [True]
    assert (row(delivery_id).attempts, row(delivery_id).state) == (1, "sending")


@on_both_databases
def test_of_eight_workers_that_send_it_one_does(app, capsys):
    delivery_id = add()
    assert at_once(8, lambda _: sending.send(delivery_id)) == [None] * 8
    assert capsys.readouterr().out.count(LINK) == 1
    assert (row(delivery_id).state, row(delivery_id).attempts) == ("arrived", 1)


def test_the_claim_of_a_worker_that_died_is_over_after_two_minutes(app, shift_clock):
    delivery_id = add()
    assert deliveries.claim(delivery_id)
    shift_clock(deliveries.CLAIMED_FOR - timedelta(seconds=5))
    assert not deliveries.claim(delivery_id)
    shift_clock(deliveries.CLAIMED_FOR + timedelta(seconds=1))
    assert deliveries.claim(delivery_id).attempts == 2


def test_each_pause_is_longer_and_the_eighth_try_is_the_last(app, shift_clock):
    delivery_id, passed = add(), timedelta()
    assert MAX_ATTEMPTS == 8
    for pause in PAUSES:
        waiting = fail(delivery_id)
        assert (waiting.state, waiting.last_error) == ("retrying", "It did not answer.")
        assert abs(waiting.due_at - clock.now() - pause) < timedelta(seconds=5)
        assert not deliveries.claim(delivery_id)
        passed += pause + timedelta(seconds=5)
        shift_clock(passed)
    assert timedelta(days=1) < passed < timedelta(days=1.5)
    ended = fail(delivery_id)
    assert (ended.state, ended.attempts, ended.due_at) == ("given_up", 8, None)


def test_what_no_try_can_help_is_given_up_at_once(app):
    ended = fail(add(), status=410, final=True)
    assert (ended.state, ended.attempts, ended.last_status) == ("given_up", 1, 410)


@on_both_databases
def test_a_late_failure_of_an_earlier_try_changes_nothing_but_a_late_arrival_counts(
    app, shift_clock
):
    delivery_id = add()
    first = deliveries.claim(delivery_id)
    session().expunge(first)
    shift_clock(deliveries.CLAIMED_FOR + timedelta(seconds=1))
    assert deliveries.claim(delivery_id)
    with transaction() as current:
        deliveries.record_failure(current, first, "Too late.", final=True)
    assert row(delivery_id).state == "sending"
    with transaction() as current:
        deliveries.record_delivered(current, first)
    assert row(delivery_id).state == "arrived"
    second = row(delivery_id)
    with transaction() as current:
        deliveries.record_failure(current, second, "It came twice.", final=True)
    assert row(delivery_id).state == "arrived"


def test_a_worker_that_dies_at_every_try_does_not_try_for_ever(app, shift_clock):
    delivery_id = add()
    for number in range(MAX_ATTEMPTS):
        shift_clock((deliveries.CLAIMED_FOR + timedelta(seconds=1)) * (number + 1))
        assert deliveries.claim(delivery_id)
    shift_clock((deliveries.CLAIMED_FOR + timedelta(seconds=1)) * (MAX_ATTEMPTS + 1))
    sending.send(delivery_id)
    assert row(delivery_id).state == "given_up"


def test_what_no_ring_key_opens_is_given_up_with_the_reason(app, logged):
    delivery_id, before = add(), list(vault._ring)
    try:
        vault.configure([ring_key()])
        sending.send(delivery_id)
    finally:
        vault._ring[:] = before
    assert (row(delivery_id).state, row(delivery_id).last_error) == ("given_up", sending.UNREADABLE)
    assert "delivery_given_up" in logged()


def test_a_person_may_have_the_next_try_now(app, workspace):
    delivery_id = add(workspace.id)
    fail(delivery_id)
    assert not deliveries.claim(delivery_id)
    deliveries.try_again(workspace.id, delivery_id)
    assert deliveries.claim(delivery_id)


@on_both_databases
def test_nobody_tries_what_is_under_way_over_or_anothers(app, workspace):
    elsewhere = make_workspace(make_person("bob"), "Other", "pro")
    others, under_way, over = add(elsewhere.id), add(workspace.id), add(workspace.id)
    deliveries.claim(under_way)
    fail(over, final=True)
    for delivery_id in (others, under_way, over, "dlv_nothing"):
        with pytest.raises(NotFound):
            deliveries.try_again(workspace.id, delivery_id)


def queued() -> int:
    return queue.waiting(queue.DEFAULT)


def test_the_schedule_queues_what_is_late_and_only_that(app, shift_clock):
    add()
    assert deliveries.send_due() == 0
    shift_clock(deliveries.LATE_AFTER + timedelta(seconds=1))
    assert (deliveries.send_due(), queued()) == (1, 1)


def test_a_queue_that_nobody_works_on_does_not_grow_without_end(app, shift_clock):
    for _ in range(3):
        add()
    shift_clock(timedelta(minutes=1))
    for _ in range(10):
        deliveries.send_due(limit=2)
    assert queued() == 2


def test_with_redis_away_they_wait_and_nothing_fails(app, logged, shift_clock):
    queue.configure("redis://127.0.0.1:1/0")
    delivery_id = add()
    deliveries.send_soon(delivery_id, delivery_id)
    shift_clock(timedelta(minutes=1))
    assert deliveries.send_due() == 0
    assert "deliveries_wait_for_the_schedule" in logged()
    assert deliveries.claim(delivery_id)


def test_a_job_carries_an_id_and_nothing_else(app):
    delivery_id = add()
    deliveries.send_soon(delivery_id)
    kept = b"".join(
        value
        for name in redis_connection().scan_iter("rq:job:*")
        if redis_connection().type(name) == b"hash"
        for value in redis_connection().hgetall(name).values()
    )
    assert LINK.encode() not in kept
    assert b"zoe@" not in kept


@on_both_databases
def test_what_is_over_is_forgotten_after_thirty_days(app, shift_clock):
    over, waiting = add(), add()
    fail(over, final=True)
    shift_clock(deliveries.KEPT_FOR - timedelta(minutes=1))
    assert deliveries.delete_old() == 0
    shift_clock(deliveries.KEPT_FOR + timedelta(minutes=1))
    assert deliveries.delete_old() == 1
    assert session().get(Delivery, over, populate_existing=True) is None
    assert row(waiting)


@on_both_databases
def test_one_channel_of_one_workspace_is_given_up(app, workspace):
    elsewhere = make_workspace(make_person("bob"), "Other", "pro")
    calls = [add(workspace.id, WEBHOOK), add(workspace.id, EMAIL), add(elsewhere.id, WEBHOOK)]
    with transaction() as current:
        deliveries.give_up_waiting(current, workspace.id, WEBHOOK, "Off.")
    assert [row(call).state for call in calls] == ["given_up", "waiting", "waiting"]


def test_the_newest_are_listed_first(app, workspace):
    made = [add(workspace.id, channel) for channel in (EMAIL, WEBHOOK, EMAIL)]
    add()
    assert [found.id for found in deliveries.recent(workspace.id)] == made[::-1]
    assert len(deliveries.recent(workspace.id, size=2)) == 2
