"""The balance: an exact ledger under threads, deaths and random histories, and never below zero."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core import clock
from core.accounts.actor import OPERATOR
from core.accounts.audit import lines_of
from core.db import session
from core.errors import Invalid
from core.gateway.billing import balance
from core.gateway.models import CHARGE, DEBT, TOP_UP, BalanceHold
from core.providers import catalogue, endpoints
from tests.databases import on_both_databases
from tests.people import make_person, make_workspace
from tests.threads import at_once

CENT = 10_000


@pytest.fixture
def acme(cast) -> str:
    return cast.workspace.id


def grant(workspace_id: str, microusd: int) -> None:
    balance.top_up(workspace_id, microusd, "By hand", OPERATOR)


def sums(workspace_id: str) -> tuple[int, int, int]:
    """Balance, holds and ledger, as they are stored; the first two must be the third."""
    session().commit()
    session().expire_all()
    left, held, entered = balance.sums(workspace_id)
    assert left >= 0 and left + held == entered
    return left, held, entered


def kinds(workspace_id: str) -> list[tuple[str, int]]:
    return [(entry.kind, entry.microusd) for entry in balance.entries(workspace_id, size=1_000)]


# Holding and settling


@on_both_databases
@pytest.mark.parametrize(("there", "passes"), [(99, False), (100, True), (101, True)])
def test_a_hold_passes_where_all_of_it_is_there(acme, there, passes):
    grant(acme, there)
    assert balance.hold(acme, "req_1", 100) is passes
    assert sums(acme) == ((there - 100, 100, there) if passes else (there, 0, there))


def test_without_a_balance_nothing_is_held_not_even_for_nothing(acme):
    assert not balance.hold(acme, "req_1", 1) and not balance.hold(acme, "req_2", 0)
    assert sums(acme) == (0, 0, 0)


@on_both_databases
@pytest.mark.parametrize("price", [0, 1, 99, 100])
def test_what_was_held_beyond_the_price_goes_back(acme, price):
    grant(acme, 1_000)
    balance.hold(acme, "req_1", 100)
    assert balance.settle("req_1", price) == price
    assert sums(acme) == (1_000 - price, 0, 1_000 - price)
    assert kinds(acme) == [(CHARGE, -price)] * bool(price) + [(TOP_UP, 1_000)]


@on_both_databases
@pytest.mark.parametrize(
    ("left", "charged", "note"),
    [
        (0, 100, "50 micro-dollars were not there"),
        (49, 149, "1 micro-dollars were not there"),
        (50, 150, ""),
        (51, 150, ""),
    ],
)
def test_a_price_above_its_hold_takes_what_is_there_and_says_what_was_not(
    acme, left, charged, note
):
    grant(acme, 100 + left)
    balance.hold(acme, "req_1", 100)
    assert balance.settle("req_1", 150) == charged
    assert balance.entries(acme)[0].note == note
    assert sums(acme) == (100 + left - charged, 0, 100 + left - charged)


# Debt


def owing(workspace_id: str) -> int:
    """Holds 100, and costs 150."""
    grant(workspace_id, 100)
    balance.hold(workspace_id, "req_1", 100)
    balance.settle("req_1", 150)
    return balance.debt_of(workspace_id)


@pytest.mark.parametrize(
    ("money", "left", "owed"), [(1, 0, 49), (49, 0, 1), (50, 0, 0), (51, 1, 0)]
)
def test_a_top_up_pays_what_is_owed_first(acme, money, left, owed):
    assert owing(acme) == 50
    grant(acme, money)
    assert sums(acme) == (left, 0, left) and balance.debt_of(acme) == owed
    assert sorted(kinds(acme)) == sorted(
        [(TOP_UP, 100), (CHARGE, -100), (TOP_UP, money), (DEBT, -min(money, 50))]
    )


def test_while_something_is_owed_nothing_is_held(acme):
    owing(acme)
    assert not balance.hold(acme, "req_2", 1)
    grant(acme, 49)
    assert not balance.hold(acme, "req_2", 1)
    grant(acme, 2)
    assert balance.hold(acme, "req_2", 1)


@on_both_databases
def test_what_another_request_gives_back_pays_what_is_owed_too(acme):
    grant(acme, 200)
    balance.hold(acme, "req_1", 100)
    balance.hold(acme, "req_2", 100)
    assert balance.settle("req_1", 150) == 100
    assert balance.debt_of(acme) == 50
    assert balance.settle("req_2", 20) == 20
    assert sums(acme) == (30, 0, 30) and balance.debt_of(acme) == 0


def test_one_workspaces_debt_is_not_anothers(cast, acme):
    owing(acme)
    assert balance.debt_of(cast.elsewhere.id) == 0


@on_both_databases
def test_a_request_is_charged_once_whoever_settles_it_again(acme):
    grant(acme, 1_000)
    balance.hold(acme, "req_1", 100)
    charged = at_once(8, lambda _: balance.settle("req_1", 60))
    assert sorted(charged) == [0] * 7 + [60]
    balance.release("req_1")
    assert balance.settle("req_1", 60) == 0
    assert sums(acme) == (940, 0, 940)


def test_a_release_gives_all_back_and_leaves_no_line(acme):
    grant(acme, 100)
    balance.hold(acme, "req_1", 100)
    balance.release("req_1")
    balance.release("req_1")
    assert sums(acme) == (100, 0, 100) and kinds(acme) == [(TOP_UP, 100)]


def test_a_request_that_held_nothing_is_charged_nothing(acme):
    grant(acme, 100)
    assert balance.settle("req_1", 50) == 0
    assert sums(acme) == (100, 0, 100)


def test_one_workspaces_balance_is_not_anothers(cast, acme):
    grant(acme, 100)
    assert not balance.hold(cast.elsewhere.id, "req_1", 1)
    balance.hold(acme, "req_2", 100)
    assert sums(cast.elsewhere.id) == (0, 0, 0) and balance.entries(cast.elsewhere.id) == []


# Many at once


@on_both_databases
def test_of_200_at_a_balance_for_ten_ten_pass(acme):
    grant(acme, 10 * CENT + CENT - 1)
    passed = at_once(200, lambda number: balance.hold(acme, f"req_{number}", CENT))
    assert sorted(passed) == [False] * 190 + [True] * 10
    assert sums(acme) == (CENT - 1, 10 * CENT, 11 * CENT - 1)


@on_both_databases
def test_200_requests_that_end_as_they_like_leave_the_ledger_whole(acme):
    grant(acme, 10 * CENT)

    def one(number: int) -> int:
        request_id = f"req_{number}"
        if not balance.hold(acme, request_id, CENT):
            return 0
        if number % 3 == 0:
            balance.release(request_id)
        return balance.settle(request_id, CENT + (number % 5 - 3) * 2_000)

    charged = at_once(200, one)
    assert all(isinstance(taken, int) for taken in charged), charged
    repaid = -sum(amount for kind, amount in kinds(acme) if kind == DEBT)
    left = 10 * CENT - sum(charged) - repaid
    assert sums(acme) == (left, 0, left)
    assert -sum(amount for kind, amount in kinds(acme) if kind == CHARGE) == sum(charged)


@on_both_databases
@pytest.mark.parametrize("top_ups", [1, 300])
def test_200_that_cost_more_than_they_held_are_paid_or_owed_to_the_micro_dollar(acme, top_ups):
    """Top-ups come while they end: one, which leaves a debt, or enough for all of them."""
    grant(acme, 200 * CENT)
    assert all(at_once(200, lambda number: balance.hold(acme, f"req_{number}", CENT)))

    def one(number: int) -> int:
        if number % (200 // min(top_ups, 20)) == 0:
            grant(acme, top_ups * CENT)
        return balance.settle(f"req_{number}", 2 * CENT + number)

    charged = at_once(200, one)
    assert all(isinstance(taken, int) for taken in charged), charged
    came = 200 * CENT + min(top_ups, 20) * top_ups * CENT
    bill = 200 * 2 * CENT + sum(range(200))
    assert sums(acme) == (max(0, came - bill), 0, max(0, came - bill))
    assert balance.debt_of(acme) == max(0, bill - came)
    paid = -sum(amount for kind, amount in kinds(acme) if kind in (CHARGE, DEBT))
    assert paid + balance.debt_of(acme) == bill


@on_both_databases
def test_first_top_ups_at_once_all_count(acme):
    at_once(20, lambda _: grant(acme, CENT))
    assert sums(acme) == (20 * CENT, 0, 20 * CENT)


# Processes that died


@on_both_databases
def test_what_a_dead_process_held_goes_back_and_what_runs_keeps_its_hold(acme, shift_clock):
    grant(acme, 300)
    balance.hold(acme, "req_dead", 100)
    shift_clock(balance.dead_after() - timedelta(seconds=5))
    balance.hold(acme, "req_runs", 100)
    assert balance.sweep() == 0
    shift_clock(balance.dead_after() + timedelta(seconds=5))
    assert balance.sweep() == 1
    assert sums(acme) == (200, 100, 300)
    assert balance.settle("req_dead", 60) == 0 and balance.settle("req_runs", 60) == 60


def test_a_request_may_take_longer_where_the_operator_lets_it(acme, shift_clock, monkeypatch):
    patient = replace(endpoints.timeouts(), total_seconds=3_600)
    monkeypatch.setattr(endpoints, "timeouts", lambda: patient)
    grant(acme, 100)
    balance.hold(acme, "req_long", 100)
    shift_clock(timedelta(hours=2))
    assert balance.sweep() == 0
    shift_clock(timedelta(hours=4))
    assert balance.sweep() == 1


def test_more_dead_than_one_sweep_takes_are_taken_by_the_next(acme, shift_clock, monkeypatch):
    monkeypatch.setattr(balance, "SWEPT_AT_A_TIME", 2)
    grant(acme, 100)
    for number in range(3):
        balance.hold(acme, f"req_{number}", 10)
    shift_clock(timedelta(hours=1))
    assert [balance.sweep() for _ in range(3)] == [2, 1, 0]
    assert sums(acme) == (100, 0, 100)


@on_both_databases
@pytest.mark.parametrize("step", ["_taken_off", "_add", "_enter"])
def test_a_settlement_that_dies_in_the_middle_has_not_been(acme, monkeypatch, step):
    grant(acme, 1_000)
    balance.hold(acme, "req_1", 100)
    real = getattr(balance, step)

    def dies(*args, **values):
        real(*args, **values)
        raise SystemExit

    with monkeypatch.context() as patched, pytest.raises(SystemExit):
        patched.setattr(balance, step, dies)
        balance.settle("req_1", 60)
    assert sums(acme) == (900, 100, 1_000)
    assert session().get(BalanceHold, "req_1").microusd == 100
    assert balance.settle("req_1", 60) == 60


# Top-ups


@pytest.mark.parametrize("microusd", [1, balance.LARGEST_TOP_UP])
def test_a_top_up_is_exact_and_has_its_line(acme, microusd):
    balance.top_up(acme, microusd, "Invoice 7", OPERATOR)
    entry = balance.entries(acme)[0]
    assert (entry.kind, entry.microusd, entry.note) == (TOP_UP, microusd, "Invoice 7")
    line = lines_of(acme, action="balance.added")[0]
    assert line.details["usd"] == f"{microusd // 1_000_000}.{microusd % 1_000_000:06}"


@pytest.mark.parametrize("microusd", [-1, 0, balance.LARGEST_TOP_UP + 1])
def test_what_is_no_amount_is_refused(acme, microusd):
    with pytest.raises(Invalid):
        balance.top_up(acme, microusd, "", OPERATOR)
    assert sums(acme) == (0, 0, 0) and not lines_of(acme, action="balance.added")


def test_the_ledger_is_read_page_by_page_newest_first(acme, shift_clock):
    for number in range(1, 6):
        shift_clock(timedelta(minutes=number // 2))
        grant(acme, number)
    read, last = [], None
    while page := balance.entries(acme, size=2, before=last):
        read, last = read + page, page[-1]
    assert read == balance.entries(acme)
    assert sorted(entry.microusd for entry in read) == [1, 2, 3, 4, 5]
    assert [entry.at for entry in read] == sorted((entry.at for entry in read), reverse=True)


# Prices


HAIKU = replace(
    catalogue.model("anthropic:claude-haiku-4-5"),
    price_in_microusd_per_mtok=1_000_000,
    price_out_microusd_per_mtok=5_000_000,
    context_tokens=1_000,
    max_output_tokens=100,
)


@pytest.mark.parametrize(
    ("tokens", "rate", "price"),
    [(0, 999, 0), (1, 1, 1), (1_000, 1_000, 1), (1_001, 1_000, 2), (1_000_000, 7, 7)],
)
def test_a_price_is_rounded_up_to_a_whole_micro_dollar(tokens, rate, price):
    model = replace(HAIKU, price_in_microusd_per_mtok=rate, price_out_microusd_per_mtok=0)
    assert balance.price(model, tokens, 5) == price


@pytest.mark.parametrize(
    ("size", "limit", "most"),
    [
        (10, 1, 10 + 5),
        (1_000, 100, 1_000 + 500),
        (10, 101, 10 + 500),
        (10, None, 10 + 500),
    ],
)
def test_an_estimate_ends_at_the_models_longest_answer(size, limit, most):
    assert balance.estimate(HAIKU, size, limit) == most


@given(st.integers(0, 1_000), st.integers(0, 100), st.integers(0, 10**9), st.integers(0, 10**9))
def test_no_answer_within_its_limits_costs_more_than_was_held(tokens_in, tokens_out, dear, dearer):
    model = replace(HAIKU, price_in_microusd_per_mtok=dear, price_out_microusd_per_mtok=dearer)
    most = balance.estimate(model, tokens_in, tokens_out)
    assert balance.price(model, tokens_in, tokens_out) <= most


# Histories


_count = iter(range(10**9))
REQUESTS = st.integers(0, 4)
AMOUNTS = st.integers(0, 50)
STEPS = st.one_of(
    st.tuples(st.just("top_up"), AMOUNTS, AMOUNTS),
    st.tuples(st.sampled_from(["hold", "settle", "release", "wait"]), REQUESTS, AMOUNTS),
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(STEPS, max_size=25))
def test_whatever_happens_the_ledger_is_the_balance_and_what_is_held(app, history):
    """The model: what was topped up, less what `settle` said was charged; who holds what; what is owed."""
    number = next(_count)
    workspace_id = make_workspace(make_person(f"rita{number}"), f"Acme {number}", "pro").id
    left, held, owed = 0, {}, 0
    clock.shift(timedelta())
    now = timedelta()
    for step, request, amount in history:
        request_id = f"req_{number}_{request}"
        if step == "top_up" and amount:
            grant(workspace_id, amount)
            left += amount
        elif step == "hold" and request_id not in held:
            passes = max(amount, 1) <= left and not owed
            assert balance.hold(workspace_id, request_id, amount) is passes
            if passes:
                held[request_id] = max(amount, 1)
                left -= held[request_id]
        elif step in ("settle", "release"):
            had = held.pop(request_id, None)
            price = amount if step == "settle" else 0
            charged = balance.settle(request_id, price)
            assert charged == (0 if had is None else min(price, had + left))
            left += (had or 0) - charged
            owed += price - charged if had is not None else 0
        elif step == "wait":
            now += timedelta(hours=1)
            clock.shift(now)
            assert balance.sweep() == len(held)
            left += sum(held.values())
            held.clear()
        paid = min(left, owed)
        left, owed = left - paid, owed - paid
        assert sums(workspace_id)[:2] == (left, sum(held.values()))
        assert balance.debt_of(workspace_id) == owed
    for request_id in held:
        balance.release(request_id)
    clock.shift(timedelta())
