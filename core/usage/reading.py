"""Reads usage from the daily rows, without reading any messages."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import reduce
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, func, select

from core import clock
from core.db import session
from core.usage import prices
from core.usage.models import UsageDay
from core.usage.prices import Estimate

GROUPS = ("bot", "model", "provider", "key")
"""What usage can be grouped by."""

_COLUMNS = {
    "bot": UsageDay.bot_id,
    "model": UsageDay.model_id,
    "provider": UsageDay.provider,
    "key": UsageDay.key_id,
}


@dataclass(frozen=True)
class Use:
    """Answers as they ended, and tokens as the providers counted them. `cached` are of the answered;
    `billed_microusd` was taken from the balance."""

    answered: int = 0
    failed: int = 0
    cached: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    estimate: Estimate = Estimate()
    billed_microusd: int = 0

    def __add__(self, other: "Use") -> "Use":
        return Use(
            self.answered + other.answered,
            self.failed + other.failed,
            self.cached + other.cached,
            self.tokens_in + other.tokens_in,
            self.tokens_out + other.tokens_out,
            self.estimate + other.estimate,
            self.billed_microusd + other.billed_microusd,
        )

    @property
    def tokens(self) -> int:
        return self.tokens_in + self.tokens_out


@dataclass(frozen=True)
class Day:
    day: date
    answered: int
    failed: int


@dataclass(frozen=True)
class Line:
    """The use of one day, model and whatever else was asked for; `group` is an id, or a provider."""

    day: date
    group: str
    model_id: str
    use: Use


@dataclass(frozen=True)
class Entry:
    """A day's row whole, for files."""

    day: date
    bot_id: str
    model_id: str
    provider: str
    key_id: str
    use: Use


def by_day(workspace_id: str, days: int = 30) -> list[Day]:
    """Answers of the last days, oldest first, with a row for every day (UTC)."""
    first = clock.today() - timedelta(days=days - 1)
    rows = session().execute(_since(workspace_id, first, UsageDay.day))
    counted = {row.day: (row.answered, row.failed) for row in rows}
    return [
        Day(day, *counted.get(day, (0, 0)))
        for day in (first + timedelta(days=offset) for offset in range(days))
    ]


def by_bot(workspace_id: str, since: date) -> dict[str, Use]:
    """For each bot that was used since that day."""
    rows = session().execute(_since(workspace_id, since, UsageDay.bot_id))
    return {row.bot_id: _use(row) for row in rows}


def for_bot(workspace_id: str, bot_id: str, since: date) -> Use:
    rows = session().execute(
        _since(workspace_id, since, UsageDay.model_id).where(UsageDay.bot_id == bot_id)
    )
    return total(_use(row) for row in rows)


def tokens_by_key(workspace_id: str, since: date) -> dict[str, int]:
    """Tokens in and out together, by the id of the key, since that day."""
    rows = session().execute(_since(workspace_id, since, UsageDay.key_id))
    return {row.key_id: row.tokens_in + row.tokens_out for row in rows}


def lines(workspace_id: str, first: date, last: date, group: str) -> list[Line]:
    """The use of those days, both included, by day, one of `GROUPS`, and model; oldest first."""
    column = _COLUMNS[group].label("chosen")
    wanted = _between(workspace_id, first, last, UsageDay.day, column, UsageDay.model_id)
    rows = session().execute(wanted.order_by(UsageDay.day))
    return [Line(row.day, row.chosen, row.model_id, _priced(row)) for row in rows]


def entries(workspace_id: str, first: date, last: date) -> Iterable[Entry]:
    """Every row of those days, both included, oldest first."""
    group_by = (
        UsageDay.day,
        UsageDay.bot_id,
        UsageDay.model_id,
        UsageDay.provider,
        UsageDay.key_id,
    )
    rows = session().execute(_between(workspace_id, first, last, *group_by).order_by(*group_by))
    return [
        Entry(row.day, row.bot_id, row.model_id, row.provider, row.key_id, _priced(row))
        for row in rows
    ]


def total(uses: Iterable[Use]) -> Use:
    return reduce(Use.__add__, uses, Use())


def _since(workspace_id: str, first: date, group_by: ColumnElement[Any] | Any) -> Select[Any]:
    return _grouped(workspace_id, [group_by]).where(UsageDay.day >= first)


def _between(workspace_id: str, first: date, last: date, *group_by: Any) -> Select[Any]:
    return _grouped(workspace_id, group_by).where(UsageDay.day >= first, UsageDay.day <= last)


def _grouped(workspace_id: str, group_by: Sequence[Any]) -> Select[Any]:
    return (
        select(*group_by, *(_sum(name) for name in ("answered", "failed", "cached")))
        .add_columns(*(_sum(name) for name in ("tokens_in", "tokens_out", "billed_microusd")))
        .where(UsageDay.workspace_id == workspace_id)
        .group_by(*group_by)
    )


def _sum(name: str) -> ColumnElement[int]:
    return func.coalesce(func.sum(getattr(UsageDay, name)), 0).label(name)


def _use(row: Row[Any]) -> Use:
    """Without an estimate: what is grouped over models has none."""
    return Use(row.answered, row.failed, row.cached, int(row.tokens_in), int(row.tokens_out))


def _priced(row: Row[Any]) -> Use:
    tokens = int(row.tokens_in), int(row.tokens_out)
    estimate = prices.estimate_cost(row.model_id, *tokens)
    billed = int(row.billed_microusd)
    return Use(row.answered, row.failed, row.cached, *tokens, estimate, billed)
