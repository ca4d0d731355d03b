"""Conversations: the list with search and filters, the transcript, exports and deletion."""

from dataclasses import replace
from typing import Any

from flask import Blueprint, flash, render_template, request, url_for

from core.accounts.models import Workspace
from core.bots.conversations import deletion as conversation_deletion
from core.bots.conversations import reading
from core.bots.conversations import search as conversation_search
from core.bots.models import Bot
from web.console import request_cache, sorting
from web.console.conversations import files as conversation_files
from web.console.conversations import filter as conversation_filter
from web.console.conversations import transcript
from web.console.conversations.filter import STATE_LABELS, Filter
from web.guards import requires, this_actor
from web.htmx import go_to

COLUMNS = ("-last",)

pages = Blueprint("conversations", __name__, url_prefix="/w/<slug>/conversations")


@pages.get("")
@requires("conversations.read")
def index(workspace: Workspace) -> str:
    chosen, before = conversation_filter.from_request(), conversation_filter.cursor()
    place = {"slug": workspace.slug}
    order = sorting.from_request(
        COLUMNS, "conversations.index", place, "conversation-list", chosen.query
    )
    wanted = replace(chosen.wanted(workspace), oldest_first=not order.order.descending)
    found = conversation_search.step(wanted, before)
    more = {"before": conversation_filter.written(found.next)} if found.next else None
    made = request_cache.bots_of(workspace)
    return render_template(
        "conversations/index.html",
        rows=reading.in_order(found.ids),
        bots=made,
        origins=_origins(made, chosen),
        states=STATE_LABELS,
        filter=chosen,
        sorting=order,
        more_url=_url(workspace, chosen.query | order.sort_query | more) if more else "",
        searched_back_to=found.next.last_at if found.next and not found.full else None,
        first_url=_url(workspace, chosen.query | order.sort_query) if before else "",
        files=conversation_files.FILES,
    )


@pages.get("/<conversation_id>")
@requires("conversations.read")
def show(workspace: Workspace, conversation_id: str) -> str:
    conversation = reading.get(workspace.id, conversation_id)
    return render_template(
        "conversations/show.html",
        conversation=reading.summaries([conversation])[0],
        turns=transcript.turns(reading.messages_of(conversation.id)),
    )


@pages.route("/exports", methods=["GET", "POST"])
@requires("conversations.manage")
def export(workspace: Workspace) -> Any:
    """All matching conversations as the chosen file."""
    if request.method == "GET":
        return go_to(_url(workspace, conversation_filter.from_request().query))
    chosen = conversation_filter.from_request(request.form)
    return conversation_files.answer(workspace, chosen, request.form.get("file", ""), this_actor())


@pages.route("/<conversation_id>/deletion", methods=["GET", "POST"])
@requires("conversations.manage")
def deletion(workspace: Workspace, conversation_id: str) -> Any:
    conversation = reading.get(workspace.id, conversation_id)
    if request.method == "GET":
        summary = reading.summaries([conversation])[0]
        return render_template("conversations/deletion.html", conversation=summary)
    conversation_deletion.delete_one(conversation, this_actor())
    flash("Conversation deleted.", "good")
    return go_to(url_for("conversations.index", slug=workspace.slug))


@pages.route("/deletion", methods=["GET", "POST"])
@requires("conversations.manage")
def delete_found(workspace: Workspace) -> Any:
    """Deletes all matching conversations in batches, after showing how many there are."""
    if request.method == "GET":
        chosen = conversation_filter.from_request()
        count = conversation_search.count(chosen.wanted(workspace))
        return _asks_to_delete(workspace, chosen, count)
    chosen = conversation_filter.from_request(request.form)
    gone = conversation_deletion.delete_matching(
        chosen.wanted(workspace), this_actor(), chosen.audit_fields
    )
    flash(f"{gone} conversation{' is' if gone == 1 else 's are'} deleted.", "good")
    if gone < conversation_deletion.MOST_AT_ONCE:
        return go_to(url_for("conversations.index", slug=workspace.slug))
    return go_to(url_for("conversations.delete_found", slug=workspace.slug, **chosen.query))


def _asks_to_delete(workspace: Workspace, chosen: Filter, count: int) -> str:
    bot_name = next(
        (bot.name for bot in request_cache.bots_of(workspace) if bot.id == chosen.bot), ""
    )
    return render_template(
        "conversations/deletion_of_found.html",
        filter=chosen,
        count=count,
        most=conversation_deletion.MOST_AT_ONCE,
        bot_name=bot_name,
        states=STATE_LABELS,
        back_url=_url(workspace, chosen.query),
    )


def _origins(made: list[Bot], chosen: Filter) -> list[str]:
    """The allowed sites of the bots, this host, and the site in the filter."""
    allowed = {origin for bot in made for origin in bot.allowed_origins}
    here = request.host_url.rstrip("/")
    return sorted(allowed | {here} | ({chosen.origin} if chosen.origin else set()))


def _url(workspace: Workspace, query: dict[str, Any]) -> str:
    return url_for("conversations.index", slug=workspace.slug, **query)
