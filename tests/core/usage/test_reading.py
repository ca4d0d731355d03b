"""Totals of the days' rows, on both databases; and what tokens come to at the catalogue's prices."""

from datetime import date, timedelta

import pytest

from core import clock
from core.db import transaction
from core.providers import catalogue
from core.usage import prices, reading
from core.usage.models import UsageDay
from core.usage.prices import Estimate
from tests.databases import on_both_databases
from tests.people import make_person, make_workspace

HAIKU, GPT = "anthropic:claude-haiku-4-5", "openai:gpt-5-mini"


def use(workspace, day: date, bot: str = "bot_1", model: str = HAIKU, key: str = "", **counts):
    counts = dict.fromkeys(("answered", "failed", "cached", "tokens_in", "tokens_out"), 0) | counts
    with transaction() as current:
        current.add(
            UsageDay(
                workspace_id=workspace.id, day=day, bot_id=bot, model_id=model, key_id=key,
                provider=model.partition(":")[0], **counts,
            )
        )  # fmt: skip


@on_both_databases
@pytest.mark.parametrize("group", reading.GROUPS)
def test_every_grouping_sums_to_the_same(workspace, group):
    today = clock.today()
    use(workspace, today, answered=2, tokens_in=10, tokens_out=5, key="key_1")
    use(workspace, today, bot="bot_2", model=GPT, failed=1, tokens_in=7)
    use(workspace, today - timedelta(days=1), answered=3, cached=1)
    lines = reading.lines(workspace.id, today - timedelta(days=1), today, group)
    whole = reading.total(line.use for line in lines)
    assert (whole.answered, whole.failed, whole.cached) == (5, 1, 1)
    assert (whole.tokens_in, whole.tokens_out, whole.tokens) == (17, 5, 22)
    names = {
        "bot": {"bot_1", "bot_2"},
        "model": {HAIKU, GPT},
        "provider": {"anthropic", "openai"},
        "key": {"key_1", ""},
    }
    assert {line.group for line in lines} == names[group]


@on_both_databases
@pytest.mark.parametrize(("ago", "counted"), [(3, 0), (2, 1), (1, 1), (0, 1), (-1, 0)])
def test_both_ends_of_a_period_are_in_it(workspace, ago, counted):
    today = clock.today()
    use(workspace, today - timedelta(days=ago), answered=1)
    lines = reading.lines(workspace.id, today - timedelta(days=2), today, "bot")
    assert reading.total(line.use for line in lines).answered == counted
    entries = list(reading.entries(workspace.id, today - timedelta(days=2), today))
    assert len(entries) == counted


@on_both_databases
def test_thirty_days_each_with_its_answers(workspace):
    today = clock.today()
    use(workspace, today, answered=2)
    use(workspace, today, bot="bot_2", answered=1, failed=4)
    use(workspace, today - timedelta(days=29), answered=1)
    use(workspace, today - timedelta(days=30), answered=9)
    days = reading.by_day(workspace.id)
    assert len(days) == 30
    assert (days[-1].day, days[-1].answered, days[-1].failed) == (today, 3, 4)
    assert (days[0].answered, sum(day.answered for day in days)) == (1, 4)


@on_both_databases
def test_of_bots_and_keys_since_a_day(workspace):
    today, yesterday = clock.today(), clock.today() - timedelta(days=1)
    use(workspace, today, answered=1, key="key_1", tokens_in=4, tokens_out=3)
    use(workspace, today, bot="bot_2", answered=2, key="key_1", tokens_in=1)
    use(workspace, yesterday, answered=9, key="key_1", tokens_in=99)
    assert {bot: used.answered for bot, used in reading.by_bot(workspace.id, today).items()} == {
        "bot_1": 1,
        "bot_2": 2,
    }
    assert reading.for_bot(workspace.id, "bot_1", today).tokens == 7
    assert reading.for_bot(workspace.id, "bot_1", yesterday).answered == 10
    assert reading.for_bot(workspace.id, "bot_9", today) == reading.Use()
    assert reading.tokens_by_key(workspace.id, today) == {"key_1": 8}


def test_another_workspaces_use_is_not_counted(workspace):
    other = make_workspace(make_person("bob"), "Other", "pro")
    use(other, clock.today(), answered=1)
    assert reading.lines(workspace.id, clock.today(), clock.today(), "bot") == []
    assert sum(day.answered for day in reading.by_day(workspace.id)) == 0


@pytest.mark.parametrize(
    ("tokens_in", "tokens_out", "microusd"),
    [(0, 0, 0), (1, 0, 1), (0, 1, 5), (1_000_000, 0, 1_000_000), (1_000_000, 1_000_000, 6_000_000)],
)
def test_an_estimate_is_exact_to_a_millionth_of_a_dollar(tokens_in, tokens_out, microusd):
    assert prices.estimate_cost(HAIKU, tokens_in, tokens_out) == Estimate(microusd)


@pytest.mark.parametrize(("tokens_in", "microusd"), [(1, 0), (2, 1), (3, 1), (5, 1), (6, 2)])
def test_a_part_of_a_millionth_is_rounded_half_up(tokens_in, microusd):
    """GPT-5 Mini: a quarter of a millionth for each token in."""
    assert prices.estimate_cost(GPT, tokens_in, 0).microusd == microusd


def test_a_price_that_is_not_known_is_never_nothing():
    unknown = prices.estimate_cost("openai:gpt-1", 5, 5)
    assert (unknown.whole, unknown.dollars) == (False, "")
    assert prices.estimate_cost("openai:gpt-1", 0, 0) == Estimate(0)
    vectors = prices.estimate_cost("openai:text-embedding-3-small", 1_000_000, 0)
    assert vectors == Estimate(20_000)
    assert prices.priced_on(["openai:text-embedding-3-small", "openai:gpt-1"])
    partly = unknown + prices.estimate_cost(HAIKU, 1_000_000, 0)
    assert (partly.whole, partly.dollars) == (False, "1.000000")
    assert prices.estimate_cost("mevichat:mini", 5, 5).dollars == "0.000000"


def test_the_date_of_prices_is_that_of_the_oldest():
    dates = [model.priced_on for model in catalogue.models()]
    assert prices.priced_on(model.id for model in catalogue.models()) == min(dates)
    assert prices.priced_on(["openai:gpt-1"]) is None
