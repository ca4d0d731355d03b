"""The gateway's request log: a filtered list, one request in detail, and the CSV export.

Everyone sees requests of their own tokens and of their own use of Try it; owners and billing
managers see all.
"""

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from flask import Blueprint, Response, render_template, request, url_for

from core.accounts import workspaces
from core.accounts.models import Workspace
from core.errors import NotAllowed, NotFound
from core.gateway import tokens
from core.gateway.models import GatewayRequest
from core.gateway.request_log import search as log_search
from core.gateway.request_log import writer
from core.gateway.request_log.search import ANSWERED, FAILED, RequestFilter
from core.providers import catalogue
from web import csv_export
from web.console import request_cache, sorting
from web.console.gateway.request_rows import RequestRow
from web.days import day_in, midnight
from web.guards import requires, this_membership, this_person
from web.paging import requested_page

pages = Blueprint("gateway_requests", __name__, url_prefix="/w/<slug>/gateway/requests")

PAGE_SIZE = 50
LAST_PAGE = 200
MOST_IN_FILE = 10_000
STATES = {ANSWERED: "Answered", FAILED: "Failed"}
_COLUMNS = (
    *("at", "request_id", "token", "route", "model_asked", "provider", "model", "key_source"),
    *("status", "code", "attempts", "tokens_in", "tokens_out", "estimated"),
    *("estimate_usd", "billed_usd", "first_byte_ms", "latency_ms"),
)


@dataclass(frozen=True)
class Filter:
    """The filter, as in the URL."""

    provider: str = ""
    model: str = ""
    state: str = ""
    mine: bool = False
    since: date | None = None
    until: date | None = None

    @property
    def query(self) -> dict[str, Any]:
        values = {"provider": self.provider, "model": self.model, "state": self.state}
        values |= {"whose": "mine" if self.mine else ""}
        days = {"from": self.since, "to": self.until}
        return {name: str(value) for name, value in (values | days).items() if value}


@pages.get("")
@requires("gateway.use")
def index(workspace: Workspace) -> str:
    chosen, page = _filter_from_request(), requested_page(LAST_PAGE)
    order = sorting.from_request(
        log_search.COLUMNS,
        "gateway_requests.index",
        {"slug": workspace.slug},
        "requests",
        chosen.query,
    )
    wanted, skip = _wanted(workspace, chosen), PAGE_SIZE * (page - 1)
    found = log_search.found(wanted, PAGE_SIZE + 1, skip, order.order)
    names = _names(workspace)
    return render_template(
        "gateway/requests.html",
        rows=[RequestRow(one, names.get(one.token_id, "")) for one in found[:PAGE_SIZE]],
        filter=chosen,
        sorting=order,
        among=log_search.AMONG,
        providers={one.slug: one.name for one in catalogue.providers()},
        states=STATES,
        sees_all=_sees_all(),
        newer_url=order.page_url(page - 1) if page > 1 else "",
        older_url=order.page_url(page + 1) if len(found) > PAGE_SIZE else "",
        file_url=url_for("gateway_requests.file", slug=workspace.slug, **chosen.query),
    )


@pages.get("/file")
@requires("gateway.use")
def file(workspace: Workspace) -> Response:
    """The newest matching requests, as CSV."""
    found = log_search.found(_wanted(workspace, _filter_from_request()), MOST_IN_FILE)
    names = _names(workspace)
    lines = [_line(RequestRow(one, names.get(one.token_id, ""))) for one in found]
    return csv_export.answer(f"{workspace.slug}-gateway-requests", _COLUMNS, lines)


@pages.get("/<request_id>")
@requires("gateway.use")
def show(workspace: Workspace, request_id: str) -> str:
    found = writer.get(workspace.id, request_id)
    if found is None:
        raise NotFound("Request not found. New requests appear within a second.")
    if not _sees_all() and not log_search.is_of(found, this_person().id):
        raise NotAllowed()
    row = RequestRow(found, _names(workspace).get(found.token_id, ""))
    return render_template("gateway/request.html", row=row, key_mask=_mask(workspace, found))


def _sees_all() -> bool:
    return this_membership().allows("requests.read")


def _filter_from_request() -> Filter:
    fields = request.args
    provider, state = fields.get("provider", ""), fields.get("state", "")
    return Filter(
        provider if provider in {one.slug for one in catalogue.providers()} else "",
        fields.get("model", "").strip()[:120],
        state if state in STATES else "",
        fields.get("whose") == "mine",
        day_in(fields.get("from", "")),
        day_in(fields.get("to", "")),
    )


def _wanted(workspace: Workspace, chosen: Filter) -> RequestFilter:
    wanted = RequestFilter(
        workspace.id,
        provider=chosen.provider,
        model=chosen.model,
        state=chosen.state,
        since=midnight(chosen.since),
        until=midnight(chosen.until, days_later=1),
    )
    only_mine = chosen.mine or not _sees_all()
    return replace(wanted, person_id=this_person().id) if only_mine else wanted


def _names(workspace: Workspace) -> dict[str, str]:
    """By id: the names of tokens, and of people who used Try it."""
    people = (place.person for place in workspaces.members(workspace.id))
    names = {person.id: f"Try it, by {person.name}" for person in people}
    return names | {token.id: token.name for token in tokens.of_workspace(workspace.id)}


def _mask(workspace: Workspace, found: GatewayRequest) -> str:
    masks = {key.id: key.mask for key in request_cache.keys_of(workspace)}
    return masks.get(found.key_id, "")


def _line(row: RequestRow) -> tuple[object, ...]:
    found = row.request
    named = (found.at.isoformat(timespec="seconds"), found.id, row.name, found.route)
    served = (found.model_asked, found.provider, found.model_id, found.key_source)
    ended = (found.status, found.code, row.trail)
    counts = (found.tokens_in, found.tokens_out, "yes" if found.estimated else "")
    money = (row.usd(found.cost_microusd), row.usd(found.billed_microusd))
    took = (found.first_byte_ms, found.latency_ms)
    cells = (*named, *served, *ended, *counts, *money, *took)
    return tuple("" if cell is None else cell for cell in cells)
