"""The knowledge of all bots in the workspace."""

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, render_template, request

from core.accounts.models import Workspace
from core.knowledge import source_list
from core.knowledge.source_list import SourceFilter
from web.console import request_cache, sorting
from web.console.knowledge import rows as knowledge_rows
from web.console.sorting import Sorting
from web.guards import requires
from web.paging import requested_page

pages = Blueprint("all_knowledge", __name__, url_prefix="/w/<slug>/knowledge")

PAGE_SIZE = 50
LAST_PAGE = 200
STATES = {"ready": "Ready", "reading": "Reading", "failed": "Couldn’t be read"}
assert set(STATES) == set(source_list.STATES)  # noqa: S101  (fails at the start, not in front of people)


@dataclass(frozen=True)
class Filter:
    """The filter, as in the URL."""

    text: str = ""
    bot: str = ""
    state: str = ""

    @property
    def query(self) -> dict[str, Any]:
        values = {"q": self.text, "bot": self.bot, "state": self.state}
        return {name: value for name, value in values.items() if value}


@pages.get("")
@requires("bots.read")
def index(workspace: Workspace) -> str:
    chosen, page = _filter_from_request(), requested_page(LAST_PAGE)
    bots = {bot.id: bot for bot in request_cache.bots_of(workspace)}
    of = {chosen.bot} & set(bots) if chosen.bot else set(bots)
    order = _sorting(workspace, chosen)
    wanted = SourceFilter(of, chosen.state, chosen.text)
    found = source_list.find(wanted, order.order, PAGE_SIZE + 1, PAGE_SIZE * (page - 1))
    return render_template(
        "all_knowledge/index.html",
        rows=[(knowledge_rows.row_of(one), bots[one.bot_id]) for one in found[:PAGE_SIZE]],
        bots=bots.values(),
        filter=chosen,
        states=STATES,
        sorting=order,
        room=knowledge_rows.room(workspace),
        newer_url=order.page_url(page - 1) if page > 1 else "",
        older_url=order.page_url(page + 1) if len(found) > PAGE_SIZE else "",
    )


def _filter_from_request() -> Filter:
    fields = request.args
    state = fields.get("state", "")
    text = " ".join(fields.get("q", "").split())[:100]
    return Filter(text, fields.get("bot", "")[:40], state if state in STATES else "")


def _sorting(workspace: Workspace, chosen: Filter) -> Sorting:
    place = {"slug": workspace.slug}
    return sorting.from_request(
        source_list.COLUMNS, "all_knowledge.index", place, "all-sources", chosen.query
    )
