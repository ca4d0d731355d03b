"""Usage totals by bot, model, provider or key, and by day for the chart.

The chart and the tables below it use the same numbers.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from core.accounts.models import Workspace
from core.bots.answers import failure_messages
from core.gateway.billing import money
from core.providers import catalogue, endpoints
from core.usage import prices, reading
from core.usage.prices import Estimate
from core.usage.reading import Line, Use
from web.console import request_cache

MOST_SERIES = 6
"""Groups beyond these share one color."""
MOST_DAYS = 62
"""Longer periods are shown by week."""

Names = Callable[[str], str]


@dataclass(frozen=True)
class Group:
    """A row of the table. `series` is the number of its color; 0 for those without one."""

    name: str
    series: int
    use: Use

    @property
    def estimate(self) -> str:
        return dollars(self.use.estimate)

    @property
    def billed(self) -> str:
        """What the operator's keys charged to the balance, exactly."""
        return money.format_usd(self.use.billed_microusd)


@dataclass(frozen=True)
class Bucket:
    """A day or a week of the chart: a number for each series, from the bottom up."""

    first: date
    last: date
    values: list[int]

    @property
    def total(self) -> int:
        return sum(self.values)


@dataclass(frozen=True)
class Chart:
    series: list[str]
    buckets: list[Bucket]
    weeks: bool


@dataclass(frozen=True)
class Shown:
    """Everything below the form."""

    groups: list[Group]
    total: Group
    chart: Chart
    priced_on: date | None
    unpriced: list[str]


def shown(lines: Sequence[Line], names: Names, first: date, last: date, what: str) -> Shown:
    """`what` the chart counts: `messages` or `tokens`."""
    totals: dict[str, Use] = defaultdict(Use)
    for line in lines:
        totals[names(line.group)] += line.use
    ranked = sorted(totals.items(), key=lambda item: (-_counted(item[1], what), item[0]))
    groups = [
        Group(name, number if number <= MOST_SERIES else 0, use)
        for number, (name, use) in enumerate(ranked, 1)
    ]
    models = {line.model_id for line in lines if line.use.tokens}
    return Shown(
        groups,
        Group("Total", 0, reading.total(totals.values())),
        _chart(lines, names, groups, first, last, what),
        prices.priced_on(models),
        sorted(model_id for model_id in models if prices.priced_on([model_id]) is None),
    )


def _chart(
    lines: Sequence[Line], names: Names, groups: list[Group], first: date, last: date, what: str
) -> Chart:
    place = {group.name: (group.series or MOST_SERIES + 1) - 1 for group in groups}
    series = [group.name for group in groups if group.series]
    series += ["All others"] if len(groups) > MOST_SERIES else []
    weeks = (last - first).days >= MOST_DAYS
    buckets = [Bucket(*ends, [0] * len(series)) for ends in _stretches(first, last, weeks)]
    for line in lines:
        bucket = buckets[(line.day - first).days // (7 if weeks else 1)]
        bucket.values[place[names(line.group)]] += _counted(line.use, what)
    return Chart(series, buckets, weeks)


def _stretches(first: date, last: date, weeks: bool) -> list[tuple[date, date]]:
    days, end = 7 if weeks else 1, last.toordinal()
    starts = range(first.toordinal(), end + 1, days)
    ends = [(start, min(start + days - 1, end)) for start in starts]
    return [(date.fromordinal(start), date.fromordinal(stop)) for start, stop in ends]


def _counted(use: Use, what: str) -> int:
    return use.tokens if what == "tokens" else use.answered


def names_of(workspace: Workspace, group: str) -> Names:
    """The names of the groups, deleted ones included."""
    if group == "bot":
        made = {bot.id: bot.name for bot in request_cache.bots_of(workspace)}
        return lambda bot_id: made.get(bot_id, "Deleted bots") if bot_id else "Gateway"
    if group == "key":
        return key_names(workspace)
    if group == "model":
        return lambda model_id: failure_messages.names(model_id)[0]
    return provider_name


def key_names(workspace: Workspace) -> Names:
    """Keys by provider and mask. Most of Mini's usage and cached answers have no key."""
    held = {
        key.id: f"{provider_name(key.provider)} {key.mask}"
        for key in request_cache.keys_of(workspace)
    }
    return lambda key_id: held.get(key_id, "Deleted keys") if key_id else "Without a key"


def provider_name(slug: str) -> str:
    try:
        return catalogue.provider(slug).name
    except LookupError:
        return slug or endpoints.MINI


def dollars(estimate: Estimate) -> str:
    """`$12.30`, `$0.0042`; a dash if unknown, and “at least” if partly unknown."""
    if not estimate.dollars:
        return "–"
    return ("" if estimate.whole else "at least ") + _rounded(estimate.microusd)


def _rounded(microusd: int) -> str:
    if microusd and microusd < 100:
        return "under $0.0001"
    places = 2 if not microusd or microusd >= 1_000_000 else 4
    return f"${microusd / 1_000_000:,.{places}f}"
