"""Installing a bot on a site: the embed code, its allowed sites, and sites waiting for approval."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Blueprint, Response, flash, make_response, render_template, url_for
from werkzeug.wrappers import Response as AnyResponse
from wtforms import StringField

from core import clock
from core.accounts.models import Workspace
from core.bots import bots, sites
from core.bots.conversations import reading
from core.bots.models import Bot
from core.errors import Invalid
from web.chat import widget
from web.console import request_cache
from web.console.bots import rows as bot_rows
from web.forms import Form
from web.guards import requires, this_actor
from web.htmx import go_to

pages = Blueprint("install", __name__, url_prefix="/w/<slug>/bots/<bot_id>/install")

RECENT = timedelta(days=30)

_CURL = """\
TOKEN=$(curl -s -X POST {endpoint}/conversations | sed 's/.*"visitor_token":"\\([^"]*\\)".*/\\1/')
curl -N {endpoint}/messages \\
  -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" \\
  -d '{{"text": "Hello"}}'
"""


class SiteForm(Form):
    site = StringField("Add a site")


@dataclass(frozen=True)
class Site:
    """An allowed site, with its recent visitors."""

    origin: str
    talks: int = 0
    last_at: datetime | None = None


@pages.get("")
@requires("bots.read")
def show(workspace: Workspace, bot_id: str) -> Response:
    return _page(workspace, request_cache.bot_of(workspace, bot_id), SiteForm())


@pages.post("/sites")
@requires("bots.manage")
def allow(workspace: Workspace, bot_id: str) -> AnyResponse:
    """Allows a site: one typed in, or one waiting for approval."""
    bot, form = bots.get(workspace.id, bot_id), SiteForm()
    try:
        origin = sites.allow(bot, form.site.data or "", this_actor())
    except Invalid as error:
        form.site.errors = [error.message]
        return _page(workspace, bot, form)
    flash(f"{bot.name} now works on {origin} (after a reload).", "good")
    return _back(workspace, bot)


@pages.post("/sites/removal")
@requires("bots.manage")
def remove(workspace: Workspace, bot_id: str) -> AnyResponse:
    bot, origin = bots.get(workspace.id, bot_id), SiteForm().site.data or ""
    sites.remove(bot, origin, this_actor())
    flash(f"{bot.name} no longer works on {origin}.", "good")
    return _back(workspace, bot)


@pages.post("/sites/refusal")
@requires("bots.manage")
def refuse(workspace: Workspace, bot_id: str) -> AnyResponse:
    """Dismisses a site that waits for approval, for good."""
    bot, origin = bots.get(workspace.id, bot_id), SiteForm().site.data or ""
    sites.dismiss(bot, origin, this_actor())
    flash(f"Dismissed. {origin} won’t be suggested again.", "good")
    return _back(workspace, bot)


def _page(workspace: Workspace, bot: Bot, form: SiteForm) -> Response:
    found = [row for row in bot.sites_seen if row.origin not in bot.allowed_origins]
    endpoint = url_for("bot_api.list_messages", bot_id=bot.id, _external=True).rpartition("/")[0]
    page = render_template(
        "bots/install.html",
        bot=bot_rows.row_of(workspace, bot),
        form=form,
        base=widget.base(),
        line=widget.embed_code(bot.id),
        sites=_sites(bot),
        unapproved=[row for row in found if not row.dismissed],
        dismissed=[row for row in found if row.dismissed],
        endpoint_url=endpoint,
        curl=_CURL.format(endpoint=endpoint),
    )
    return make_response(page, 422 if form.errors else 200)


def _sites(bot: Bot) -> list[Site]:
    used = reading.by_site(bot.id, clock.now() - RECENT)
    return [Site(origin, *used.get(origin, ())) for origin in bot.allowed_origins]


def _back(workspace: Workspace, bot: Bot) -> AnyResponse:
    return go_to(url_for("install.show", slug=workspace.slug, bot_id=bot.id))
