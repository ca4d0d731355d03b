"""Limits: how often visitors may write, counted in Redis, or in this process while Redis is away."""

from datetime import UTC, datetime, timedelta

import pytest

from core import clock, queue
from core.accounts.models import Workspace
from core.bots import visitors
from core.bots.quota import rate_limits
from core.bots.quota.local_counters import LocalCounters
from core.db import session, transaction
from core.errors import Invalid, TooMany
from tests.bot_client import make_bot
from tests.threads import at_once

HERE, THERE = "203.0.113.5", "203.0.113.6"
NOON = datetime(2026, 11, 25, 12, 0, 20, tzinfo=UTC)


@pytest.fixture(autouse=True)
def noon(app):
    """Twenty seconds into a minute, an hour and the second half of a day."""
    clock.shift(NOON - clock.now())


@pytest.fixture(params=["redis", "memory"])
def kept_in(request, app, chosen, monkeypatch):
    """Both places of the counters: everything here holds for either."""
    monkeypatch.setattr(rate_limits, "_local_counters", LocalCounters())
    monkeypatch.setattr(rate_limits, "_redis_available_from", 0.0)
    if request.param == "memory":
        queue.configure("redis://127.0.0.1:1/0")
    yield request.param
    queue.configure(chosen.redis_address)


def talk(bot):
    conversation = visitors.open_conversation(bot, "secret")[0]
    assert conversation.bot.workspace  # read now, before several threads want it
    return conversation


def passed(conversation, times: int, address: str = HERE) -> int:
    """How many of so many messages were let through."""
    return sum(one(conversation, address) for _ in range(times))


def one(conversation, address: str = HERE, client_id=None) -> bool:
    try:
        rate_limits.count_message(conversation, address, client_id)
    except TooMany:
        return False
    return True


def retry_after(conversation, address: str = HERE) -> int:
    with pytest.raises(TooMany) as refused:
        rate_limits.count_message(conversation, address)
    return refused.value.retry_after_seconds


@pytest.mark.parametrize(("limit", "through"), [(0, 5), (1, 1), (4, 4), (5, 5), (6, 5)])
def test_a_visitor_at_the_limit_of_a_minute(workspace, kept_in, limit, through):
    conversation = talk(make_bot(workspace, visitor_limit=limit))
    assert passed(conversation, 5) == through


def test_a_minute_later_there_is_room_again_and_not_before(workspace, kept_in, shift_clock):
    conversation = talk(make_bot(workspace, visitor_limit=1))
    assert one(conversation)
    assert retry_after(conversation) == 40
    clock.shift(NOON + timedelta(seconds=39) - (clock.now() - clock._shift))
    assert not one(conversation)
    clock.shift(NOON + timedelta(seconds=41) - (clock.now() - clock._shift))
    assert one(conversation)


def test_an_address_counts_over_conversations_and_another_address_for_itself(workspace, kept_in):
    bot = make_bot(workspace, address_limit=3)
    assert sum(passed(talk(bot), 1) for _ in range(5)) == 3
    assert passed(talk(bot), 5, THERE) == 3
    assert retry_after(talk(bot)) == 3_580


def test_a_bot_has_its_own_day(workspace, kept_in):
    first, second = make_bot(workspace, daily_limit=2), make_bot(workspace, daily_limit=2)
    assert passed(talk(first), 3, HERE) == 2
    assert passed(talk(first), 3, THERE) == 0
    assert passed(talk(second), 3) == 2
    assert retry_after(talk(first)) == 12 * 3_600 - 20


def test_a_workspace_has_one_minute_for_all_its_bots(workspace, kept_in):
    with transaction() as current:
        current.get_one(Workspace, workspace.id).minute_limit = 3
    bots = [make_bot(workspace), make_bot(workspace)]
    session().expire_all()
    assert sum(passed(talk(bot), 2) for bot in bots) == 3


def test_what_one_limit_refuses_no_other_counts(workspace, kept_in):
    """Else somebody who is refused for a minute would use up the day of everybody else."""
    bot = make_bot(workspace, visitor_limit=1, daily_limit=3)
    hasty = talk(bot)
    assert passed(hasty, 10) == 1
    assert [passed(talk(bot), 1) for _ in range(3)] == [1, 1, 0]


def test_the_longest_wait_of_all_that_refuse_is_told(workspace, kept_in):
    conversation = talk(make_bot(workspace, visitor_limit=1, address_limit=1))
    assert one(conversation)
    assert retry_after(conversation) == 3_580


def test_a_message_that_comes_again_is_counted_once(workspace, kept_in):
    conversation = talk(make_bot(workspace, visitor_limit=2))
    assert all(one(conversation, client_id="c-1") for _ in range(5))
    assert one(conversation, client_id="c-2")
    assert not one(conversation, client_id="c-3")
    assert one(conversation, client_id="c-1")
    other = talk(conversation.bot)
    assert [one(other, client_id="c-1"), one(other), one(other)] == [True, True, False]


@pytest.mark.parametrize("client_id", ["", "x" * 65, 5, None, ["c"], {"c": 1}])
def test_what_is_no_client_id_excuses_nothing(workspace, kept_in, client_id):
    conversation = talk(make_bot(workspace, visitor_limit=1))
    assert one(conversation, client_id=client_id)
    assert not one(conversation, client_id=client_id)


def test_of_40_at_once_exactly_the_free_ones_pass(workspace, kept_in):
    conversation = talk(make_bot(workspace, visitor_limit=7))
    assert sum(at_once(40, lambda _: one(conversation))) == 7


def test_of_20_at_once_with_one_client_id_one_counts(workspace, kept_in):
    conversation = talk(make_bot(workspace, visitor_limit=2))
    assert sum(at_once(20, lambda _: one(conversation, client_id="c-1"))) == 20
    assert passed(conversation, 3) == 1


def test_opening_conversations_is_limited_by_address(workspace, kept_in):
    bot = make_bot(workspace, address_limit=2)
    for _ in range(2):
        rate_limits.count_conversation(bot, HERE)
    with pytest.raises(TooMany):
        rate_limits.count_conversation(bot, HERE)
    rate_limits.count_conversation(bot, THERE)
    assert passed(talk(bot), 3) == 2


def test_the_owners_own_words_are_told(workspace, kept_in):
    conversation = talk(make_bot(workspace, visitor_limit=1, limit_text="One at a time, please."))
    rate_limits.count_message(conversation, HERE)
    with pytest.raises(TooMany, match="One at a time, please."):
        rate_limits.count_message(conversation, HERE)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.5", "203.0.113.5"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("::ffff:203.0.113.5", "203.0.113.5"),
        ("not an address", "not an address"),
        ("x" * 500, "x" * 64),
        ("", ""),
    ],
)
def test_what_counts_as_one_address(address, network):
    assert rate_limits.network_of(address) == network


@pytest.mark.parametrize(
    ("written", "number"),
    [("0", 0), (" 20 ", 20), ("1,000", 1_000), ("1000000", 1_000_000), (7, 7)],
)
def test_a_limit_as_somebody_writes_it(written, number):
    assert rate_limits.checked(written, "the messages", "daily_limit") == number


@pytest.mark.parametrize("written", ["", "-1", "1.5", "many", "1000001", "٣", "9" * 40, "1e3"])
def test_what_is_no_limit_is_refused_with_what_to_write(written):
    with pytest.raises(Invalid, match="a whole number from 0 to 1,000,000") as refused:
        rate_limits.checked(written, "the messages", "daily_limit")
    assert refused.value.field == "daily_limit"


def test_memory_is_bounded():
    counters = LocalCounters()
    for number in range(30_000):
        assert counters.take([f"key {number}"], [1]) == []
    assert len(counters._counts) == 20_000
    assert counters.take(["key 29999"], [1]) == [0]


def test_redis_away_costs_no_message_a_wait(workspace, chosen, monkeypatch):
    conversation = talk(make_bot(workspace, visitor_limit=100))
    monkeypatch.setattr(rate_limits, "_redis_available_from", 0.0)
    queue.configure("redis://127.0.0.1:1/0")
    try:
        began = clock.monotonic()
        assert passed(conversation, 50) == 50
        assert clock.monotonic() - began < 5  # each wait would be half a second
    finally:
        queue.configure(chosen.redis_address)
        rate_limits._redis_available_from = 0.0


def test_counters_in_redis_end_with_their_window(workspace, monkeypatch):
    monkeypatch.setattr(rate_limits, "_redis_available_from", 0.0)
    assert one(talk(make_bot(workspace, visitor_limit=5, daily_limit=5)), client_id="c-1")
    found = {
        key: queue.redis_connection().ttl(key) for key in queue.redis_connection().keys("limit:*")
    }
    assert len(found) == 3
    assert all(0 < seconds <= 86_400 for seconds in found.values())
