"""Usage of bots, models, providers and keys in a period, as chart, table and CSV."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask import Blueprint, Response, render_template, request, url_for

from core import clock
from core.accounts.models import Workspace
from core.bots.answers import failure_messages
from core.gateway.billing import money
from core.usage import reading
from core.usage.reading import Entry
from web import csv_export
from web.console import request_cache
from web.console.usage import totals as usage_totals
from web.days import day_in
from web.guards import requires

pages = Blueprint("usage", __name__, url_prefix="/w/<slug>/usage")

LONGEST_DAYS = 366
GROUPS = {"bot": "Bot", "model": "Model", "provider": "Provider", "key": "Provider key"}
COUNTED = {"messages": "Messages", "tokens": "Tokens"}
PERIODS = {"month": "This month", "last-month": "Last month", "30-days": "Last 30 days"}
_COLUMNS = (
    *("day", "bot", "bot_id", "model", "model_id", "provider", "key"),
    *("answered", "failed", "cached", "tokens_in", "tokens_out", "estimate_usd", "billed_usd"),
)


@dataclass(frozen=True)
class PeriodQuery:
    """The form's values, as in the URL. Both days are included."""

    first: date
    last: date
    by: str
    what: str
    cut: bool = False

    @property
    def days(self) -> dict[str, Any]:
        return {"from": self.first.isoformat(), "to": self.last.isoformat()}

    @property
    def choices(self) -> dict[str, Any]:
        return {"by": self.by, "show": self.what}

    @property
    def period(self) -> str:
        """The name of this period, if it has one."""
        ends = (self.first, self.last)
        return next((name for name in PERIODS if _ends_of(name) == ends), "")


@pages.get("")
@requires("usage.read")
def index(workspace: Workspace) -> str:
    period = _period_from_request()
    lines = reading.lines(workspace.id, period.first, period.last, period.by)
    names = usage_totals.names_of(workspace, period.by)
    return render_template(
        "usage/index.html",
        period=period,
        shown=usage_totals.shown(lines, names, period.first, period.last, period.what),
        groups=GROUPS,
        counted=COUNTED,
        periods=[
            (name, text, _period_url(workspace, period, name)) for name, text in PERIODS.items()
        ],
        longest=LONGEST_DAYS,
        csv_url=url_for("usage.days", slug=workspace.slug, **period.days),
    )


@pages.get("/days")
@requires("usage.read")
def days(workspace: Workspace) -> Response:
    """One row per entry of the period, as CSV."""
    period = _period_from_request()
    entries = list(reading.entries(workspace.id, period.first, period.last))
    name = f"{workspace.slug}-usage-{period.first}-{period.last}"
    return csv_export.answer(name, _COLUMNS, _rows(workspace, entries))


def _rows(workspace: Workspace, entries: list[Entry]) -> Iterator[tuple[object, ...]]:
    made = {bot.id: bot.name for bot in request_cache.bots_of(workspace)}
    key_name = usage_totals.key_names(workspace)
    return iter(
        [_row(entry, made.get(entry.bot_id, ""), key_name(entry.key_id)) for entry in entries]
    )


def _row(entry: Entry, bot_name: str, key_name: str) -> tuple[object, ...]:
    model_name, _ = failure_messages.names(entry.model_id, entry.provider)
    use, estimate = entry.use, entry.use.estimate
    named = (entry.day, bot_name, entry.bot_id, model_name, entry.model_id)
    counts = (use.answered, use.failed, use.cached, use.tokens_in, use.tokens_out)
    known = estimate.dollars if estimate.whole else ""
    billed = money.format_exact(use.billed_microusd)
    return (*named, usage_totals.provider_name(entry.provider), key_name, *counts, known, billed)


def _period_from_request() -> PeriodQuery:
    by, what = request.args.get("by", ""), request.args.get("show", "")
    first, last = _days()
    earliest = last - timedelta(days=LONGEST_DAYS - 1) if last.toordinal() > LONGEST_DAYS else first
    return PeriodQuery(
        max(first, earliest),
        last,
        by if by in GROUPS else "bot",
        what if what in COUNTED else "messages",
        cut=first < earliest,
    )


def _days() -> tuple[date, date]:
    """From the two dates of the form, in either order; otherwise from the name of a period."""
    ends = [day_in(request.args.get(name, "")) for name in ("from", "to")]
    first, last = ends
    if first and last:
        return min(first, last), max(first, last)
    if first:
        return first, max(first, clock.today())
    if last:
        return last.replace(day=1), last
    return _ends_of(request.args.get("period", ""))


def _ends_of(period: str) -> tuple[date, date]:
    """The first and the last day of a named period; this month for unknown names."""
    today = clock.today()
    if period == "last-month":
        last = today.replace(day=1) - timedelta(days=1)
        return last.replace(day=1), last
    if period == "30-days":
        return today - timedelta(days=29), today
    return today.replace(day=1), today


def _period_url(workspace: Workspace, query: PeriodQuery, period: str) -> str:
    return url_for("usage.index", slug=workspace.slug, period=period, **query.choices)
