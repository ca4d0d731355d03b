"""The balance for the operator's keys: what is left, how to top it up, and the ledger, also as CSV."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from flask import Blueprint, Response, render_template, request, url_for

from core.accounts.models import Workspace
from core.db import work_context
from core.gateway.billing import balance, money
from core.gateway.models import CHARGE, DEBT, TOP_UP, LedgerEntry
from web import csv_export
from web.guards import requires

pages = Blueprint("balance", __name__, url_prefix="/w/<slug>/balance")

PAGE = 50
_AT_A_TIME = 500
_NAMES = {TOP_UP: "Top-up", CHARGE: "Request", DEBT: "Amount owed for earlier requests"}
_COLUMNS = ("at", "kind", "usd", "request_id", "note")


@dataclass(frozen=True)
class EntryView:
    at: datetime
    what: str
    note: str
    request_id: str
    amount: str
    is_charge: bool

    @property
    def exact(self) -> str:
        return self.at.astimezone(UTC).strftime("%d %b %Y, %H:%M:%S UTC")


@pages.get("")
@requires("plan.read")
def show(workspace: Workspace) -> str:
    before = balance.entry(workspace.id, request.args.get("before", ""))
    found = balance.entries(workspace.id, PAGE + 1, before)
    here = url_for("balance.show", slug=workspace.slug)
    older = len(found) > PAGE and found[PAGE - 1].id
    left, held, _ = balance.sums(workspace.id)
    owed = balance.debt_of(workspace.id)
    return render_template(
        "plan/balance.html",
        left=money.format_usd(left),
        held=money.format_usd(held) if held else "",
        owed=money.format_usd(owed) if owed else "",
        entries=[_view(entry) for entry in found[:PAGE]],
        older_url=f"{here}?before={older}" if older else "",
        newest_url=here if before else "",
        csv_url=url_for("balance.ledger", slug=workspace.slug),
    )


@pages.get("/ledger")
@requires("plan.read")
def ledger(workspace: Workspace) -> Response:
    """All entries, as CSV."""
    return csv_export.answer(f"{workspace.slug}-balance", _COLUMNS, _rows(workspace.id))


def _rows(workspace_id: str) -> Iterator[tuple[object, ...]]:
    """Reads in short steps, so that no connection is held while a slow browser downloads."""
    last: LedgerEntry | None = None
    while found := _some(workspace_id, last):
        yield from map(_row, found)
        last = found[-1]


def _some(workspace_id: str, last: LedgerEntry | None) -> list[LedgerEntry]:
    with work_context():
        return balance.entries(workspace_id, _AT_A_TIME, last)


def _row(entry: LedgerEntry) -> tuple[object, ...]:
    at = entry.at.astimezone(UTC).isoformat(timespec="seconds")
    return at, entry.kind, money.format_exact(entry.microusd), entry.request_id, entry.note


def _view(entry: LedgerEntry) -> EntryView:
    amount, is_charge = money.format_usd(entry.microusd), entry.microusd < 0
    return EntryView(entry.at, _NAMES[entry.kind], entry.note, entry.request_id, amount, is_charge)
