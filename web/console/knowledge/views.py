"""A bot's knowledge: its sources, how each was read, and unanswered questions.

Everyone who sees the bot may read; changes need `knowledge.manage`.
"""

from typing import Any

from flask import Blueprint, Response, flash, make_response, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from core.accounts.models import Workspace
from core.bots import bots
from core.bots.models import Bot
from core.knowledge import source_list, sources, unanswered
from core.knowledge.models import Source
from web.console import sorting
from web.console.knowledge import embedding_rows, retrieval
from web.console.knowledge import rows as knowledge_rows
from web.console.knowledge.forms import REFUSED, QaForm
from web.guards import requires, this_actor
from web.htmx import go_to, toast, wants_piece

pages = Blueprint("knowledge", __name__, url_prefix="/w/<slug>/bots/<bot_id>/knowledge")

REFRESH_SECONDS = 2


@pages.get("")
@requires("bots.read")
def index(workspace: Workspace, bot_id: str) -> str:
    bot = bots.get(workspace.id, bot_id)
    return render_template(
        "knowledge/index.html",
        bot=bot,
        unanswered=unanswered.open_of(bot.id),
        **_list(workspace, bot),
    )


@pages.get("/sources")
@requires("bots.read")
def list_sources(workspace: Workspace, bot_id: str) -> AnyResponse:
    """Only the list, which polls while something is being read."""
    bot = bots.get(workspace.id, bot_id)
    return _sources(workspace, bot) if wants_piece() else _to_index(workspace, bot)


@pages.get("/retrieval")
@requires("bots.read")
def try_retrieval(workspace: Workspace, bot_id: str) -> str:
    """What a question finds, with the same search that answers use. Calls no model."""
    bot = bots.get(workspace.id, bot_id)
    question = " ".join(request.args.get("q", "").split())[: retrieval.LONGEST_QUESTION]
    result = retrieval.try_out(bot, question) if question else None
    return render_template("knowledge/retrieval.html", bot=bot, q=question, result=result)


@pages.get("/<source_id>")
@requires("bots.read")
def show(workspace: Workspace, bot_id: str, source_id: str) -> str:
    """A source's extracted text, chunk by chunk."""
    bot, source = _find(workspace, bot_id, source_id)
    after = request.args.get("after", "")
    chunks, more = knowledge_rows.chunks_after(source, int(after) if _is_number(after) else -1)
    return render_template(
        "knowledge/show.html",
        bot=bot,
        source=source,
        row=knowledge_rows.row_of(source),
        chunks=chunks,
        next_after=chunks[-1].position if more else None,
    )


@pages.post("/<source_id>/readings")
@requires("knowledge.manage")
def read_again(workspace: Workspace, bot_id: str, source_id: str) -> AnyResponse:
    bot, source = _find(workspace, bot_id, source_id)
    sources.reindex(source, this_actor())
    text = (
        f"{source.title} is being read again. Until then the bot answers from the current version."
    )
    if wants_piece():
        return toast(_sources(workspace, bot), "good", text)
    flash(text, "good")
    return _to_index(workspace, bot)


@pages.route("/<source_id>/deletion", methods=["GET", "POST"])
@requires("knowledge.manage")
def deletion(workspace: Workspace, bot_id: str, source_id: str) -> Any:
    """Shows the effect and asks for confirmation; then deletes the source."""
    bot, source = _find(workspace, bot_id, source_id)
    if request.method == "GET":
        return render_template("knowledge/deletion.html", bot=bot, source=source)
    sources.remove(source, this_actor())
    flash(f"{source.title} deleted. {bot.name} no longer answers from it.", "good")
    return _to_index(workspace, bot)


@pages.route("/unanswered/<unanswered_id>/answer", methods=["GET", "POST"])
@requires("knowledge.manage")
def answer(workspace: Workspace, bot_id: str, unanswered_id: str) -> AnyResponse:
    """Turns an unanswered question into knowledge."""
    bot = bots.get(workspace.id, bot_id)
    question = unanswered.get(workspace.id, bot.id, unanswered_id)
    if request.method == "GET":
        return _answer_page(bot, question, QaForm(data={"question": question.question}))
    form = QaForm()
    try:
        unanswered.answer(
            workspace, question, form.said("question"), form.said("answer"), this_actor()
        )
    except REFUSED as error:
        form.blame(error)
        return _answer_page(bot, question, form)
    flash(f"Saved. {bot.name} can now answer this.", "good")
    return _to_index(workspace, bot)


@pages.post("/unanswered/<unanswered_id>/dismissal")
@requires("knowledge.manage")
def dismiss(workspace: Workspace, bot_id: str, unanswered_id: str) -> AnyResponse:
    bot = bots.get(workspace.id, bot_id)
    unanswered.dismiss(unanswered.get(workspace.id, bot.id, unanswered_id))
    flash("Dismissed. This question won’t be listed again.", "good")
    return _to_index(workspace, bot)


def _find(workspace: Workspace, bot_id: str, source_id: str) -> tuple[Bot, Source]:
    bot = bots.get(workspace.id, bot_id)
    source = sources.get(workspace.id, source_id)
    return bot, knowledge_rows.of_bot(source, bot.id)


def _list(workspace: Workspace, bot: Bot) -> dict[str, Any]:
    place = {"slug": workspace.slug, "bot_id": bot.id}
    order = sorting.from_request(source_list.COLUMNS, "knowledge.index", place, "sources")
    rows = knowledge_rows.rows_of(bot.id, order.order)
    semantic_search = embedding_rows.standing(workspace, bot)
    pending = any(row.pending for row in rows) or (
        semantic_search is not None and semantic_search.moves
    )
    return {
        "rows": rows,
        "sorting": order,
        "semantic_search": semantic_search,
        "room": knowledge_rows.room(workspace),
        "refresh_seconds": REFRESH_SECONDS if pending else 0,
    }


def _sources(workspace: Workspace, bot: Bot) -> Response:
    piece = render_template("knowledge/_sources.html", bot=bot, **_list(workspace, bot))
    return make_response(piece)


def _answer_page(bot: Bot, question: Any, form: QaForm) -> Response:
    page = render_template("knowledge/answer.html", bot=bot, question=question, form=form)
    return make_response(page, 422 if form.errors else 200)


def _to_index(workspace: Workspace, bot: Bot) -> AnyResponse:
    return go_to(url_for("knowledge.index", slug=workspace.slug, bot_id=bot.id))


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 8
