"""The audit log: its lines with filters, its integrity check, and the CSV export."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from flask import Blueprint, Response, render_template, request, url_for

from core import clock
from core.accounts import audit
from core.accounts.audit import AuditLine, Verdict
from core.accounts.models import Workspace
from core.db import work_context
from web import csv_export
from web.console import request_cache, sorting
from web.console.audit import prose as audit_prose
from web.days import day_in, midnight
from web.guards import requires
from web.htmx import wants_piece

pages = Blueprint("audit_log", __name__, url_prefix="/w/<slug>/audit-log")

PAGE = 50
COLUMNS = ("-at",)
MAX_VERIFIED_LINES = 5_000
"""Chains up to this length are verified on every page view, which takes a tenth of a second."""
_CSV_AT_A_TIME = 500

KINDS = {
    "key": "Provider keys",
    "bot": "Bots",
    "conversation": "Conversations",
    "person": "People",
    "plan": "Plan",
    "balance": "Balance",
    "token": "Gateway tokens",
    "routing": "Provider order",
    "alert": "Alerts",
    "workspace": "Workspace",
}
_COLUMNS = ("number", "at", "who", "from", "action", "subject", "what", "details")


@dataclass(frozen=True)
class Filter:
    """The filter, as in the URL."""

    kind: str
    who: str
    since: date | None
    until: date | None

    @property
    def query(self) -> dict[str, Any]:
        days = {"from": self.since, "to": self.until}
        cells = {"kind": self.kind, "who": self.who}
        return {name: str(value) for name, value in (cells | days).items() if value}

    def lines(
        self, workspace: Workspace, beyond: int | None, size: int, oldest_first: bool = False
    ) -> list[AuditLine]:
        return audit.lines_of(
            workspace.id,
            action=self.kind,
            actor=self.who,
            since=midnight(self.since),
            until=midnight(self.until, days_later=1),
            beyond=beyond,
            size=size,
            oldest_first=oldest_first,
        )


@dataclass(frozen=True)
class LineView:
    number: int
    at: datetime
    actor: str
    what: str
    origin: str

    @property
    def exact(self) -> str:
        return self.at.astimezone(UTC).strftime("%d %b %Y, %H:%M:%S UTC")


@pages.get("")
@requires("audit.read")
def index(workspace: Workspace) -> str:
    wanted, beyond = _filter(), _number(request.args.get("before", ""))
    place = {"slug": workspace.slug}
    order = sorting.from_request(COLUMNS, "audit_log.index", place, "audit-lines", wanted.query)
    lines = wanted.lines(workspace, beyond, PAGE + 1, not order.order.descending)
    more = {"before": lines[PAGE - 1].number} if len(lines) > PAGE else None
    people, bot_names = audit.counts_by_actor(workspace.id), _bot_names(workspace)
    count = sum(people.values())
    return render_template(
        "audit_log/index.html",
        lines=[_view(line, bot_names) for line in lines[:PAGE]],
        filter=wanted,
        kinds=KINDS,
        people=list(people),
        count=count,
        chain=_chain(workspace, count),
        checked_at=clock.now(),
        sorting=order,
        more_url=_url(workspace, wanted.query | order.sort_query | more) if more else "",
        first_url=_url(workspace, wanted.query | order.sort_query) if beyond else "",
        csv_url=url_for("audit_log.lines", slug=workspace.slug, **wanted.query),
    )


@pages.get("/lines")
@requires("audit.read")
def lines(workspace: Workspace) -> Response:
    """All filtered lines, as CSV."""
    rows = _rows(workspace, _filter(), _bot_names(workspace))
    return csv_export.answer(f"{workspace.slug}-audit-log", _COLUMNS, rows)


def _rows(
    workspace: Workspace, wanted: Filter, names: Mapping[str, str]
) -> Iterator[tuple[object, ...]]:
    """Reads in short steps, so that no connection is held while a slow browser downloads."""
    beyond: int | None = None
    while found := _some(workspace, wanted, beyond):
        yield from (_row(line, names) for line in found)
        beyond = found[-1].number


def _some(workspace: Workspace, wanted: Filter, beyond: int | None) -> list[AuditLine]:
    with work_context():
        return wanted.lines(workspace, beyond, _CSV_AT_A_TIME)


def _row(line: AuditLine, bot_names: Mapping[str, str]) -> tuple[object, ...]:
    at = line.at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    details = json.dumps(line.details, sort_keys=True, ensure_ascii=False)
    cells = (
        line.action,
        line.subject,
        f"{line.actor} {audit_prose.what(line, bot_names)}",
        details,
    )
    return (line.number, at, line.actor, line.origin, *cells)


def _view(line: AuditLine, bot_names: Mapping[str, str]) -> LineView:
    what = audit_prose.what(line, bot_names)
    return LineView(line.number, line.at, line.actor, what, line.origin)


def _bot_names(workspace: Workspace) -> dict[str, str]:
    return {bot.id: bot.name for bot in request_cache.bots_of(workspace)}


def _chain(workspace: Workspace, count: int) -> Verdict | None:
    """Verifies the chain: never for a partial page, and a long chain only on request."""
    is_requested = request.args.get("chain") == "checked"
    if is_requested or (count <= MAX_VERIFIED_LINES and not wants_piece()):
        return audit.verify(workspace.id)
    return None


def _filter() -> Filter:
    kind = request.args.get("kind", "")
    who = request.args.get("who", "")[:100]
    days = (day_in(request.args.get(name, "")) for name in ("from", "to"))
    return Filter(kind if kind in KINDS else "", who, *days)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _url(workspace: Workspace, query: dict[str, Any]) -> str:
    return url_for("audit_log.index", slug=workspace.slug, **query)
