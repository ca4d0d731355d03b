"""Forms that add knowledge: text, files, questions and answers, web pages."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, flash, make_response, render_template, request, url_for
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response as AnyResponse
from wtforms import BooleanField, MultipleFileField, StringField, TextAreaField

from core.accounts.models import Workspace
from core.bots import bots
from core.bots.conversations import reading
from core.bots.models import Bot
from core.errors import Invalid, MevichatError, PlanDoesNotAllow, TooLarge
from core.knowledge import sources
from core.text import fit
from web.forms import Form, takes_files
from web.guards import requires, this_actor
from web.htmx import go_to
from web.page_context import listed

pages = Blueprint("knowledge_forms", __name__, url_prefix="/w/<slug>/bots/<bot_id>/knowledge")

MOST_UPLOAD_BYTES = 64 * 1024 * 1024
REFUSED = (Invalid, TooLarge, PlanDoesNotAllow)


class KnowledgeForm(Form):
    """Shows errors from core beside their field, or beside the first field."""

    def said(self, name: str) -> str:
        return self[name].data or ""

    def blame(self, error: MevichatError) -> None:
        named = getattr(error, "field", "")
        field = self[named] if named in self else next(iter(self))
        field.errors = [*field.errors, error.message]


class TextForm(KnowledgeForm):
    title = StringField("Title")
    text = TextAreaField("Text")


class FilesForm(KnowledgeForm):
    files = MultipleFileField("Files")


class QaForm(KnowledgeForm):
    question = StringField("Question")
    answer = TextAreaField("Answer")


class PageForm(KnowledgeForm):
    url = StringField("Address")
    sitemap = BooleanField("This is a sitemap. Read all pages it lists.")


FORMS: dict[str, type[KnowledgeForm]] = {
    "text": TextForm,
    "files": FilesForm,
    "qa": QaForm,
    "page": PageForm,
}


@pages.route("/texts", methods=["GET", "POST"])
@requires("knowledge.manage")
def add_text(workspace: Workspace, bot_id: str) -> AnyResponse:
    return _form_or_added(workspace, bot_id, "text", _take_text)


@pages.route("/files", methods=["GET", "POST"])
@requires("knowledge.manage")
@takes_files(MOST_UPLOAD_BYTES)
def add_files(workspace: Workspace, bot_id: str) -> AnyResponse:
    return _form_or_added(workspace, bot_id, "files", _take_files)


@pages.route("/answers", methods=["GET", "POST"])
@requires("knowledge.manage")
def add_qa(workspace: Workspace, bot_id: str) -> AnyResponse:
    return _form_or_added(workspace, bot_id, "qa", _take_qa)


@pages.route("/pages", methods=["GET", "POST"])
@requires("knowledge.manage")
def add_page(workspace: Workspace, bot_id: str) -> AnyResponse:
    return _form_or_added(workspace, bot_id, "page", _take_page)


def _form_or_added(
    workspace: Workspace,
    bot_id: str,
    kind: str,
    take: Callable[[Workspace, Bot, KnowledgeForm], str],
) -> AnyResponse:
    bot = bots.get(workspace.id, bot_id)
    if request.method == "GET":
        return _form_page(bot, kind, FORMS[kind](data=_from_transcript(workspace, bot)))
    form = FORMS[kind]()
    try:
        name = take(workspace, bot, form)
    except REFUSED as error:
        form.blame(error)
        return _form_page(bot, kind, form)
    flash(f"{name}: being read. {bot.name} answers from it in a moment.", "good")
    return go_to(url_for("knowledge.index", slug=workspace.slug, bot_id=bot.id))


def _take_text(workspace: Workspace, bot: Bot, form: KnowledgeForm) -> str:
    title, text = form.said("title"), form.said("text")
    return sources.add_text(workspace, bot.id, title, text, this_actor()).title


def _take_qa(workspace: Workspace, bot: Bot, form: KnowledgeForm) -> str:
    question, text = form.said("question"), form.said("answer")
    return sources.add_qa(workspace, bot.id, question, text, this_actor()).title


def _take_page(workspace: Workspace, bot: Bot, form: KnowledgeForm) -> str:
    url, sitemap = form.said("url"), bool(form["sitemap"].data)
    return sources.add_page(workspace, bot.id, url, this_actor(), sitemap=sitemap).title


def _take_files(workspace: Workspace, bot: Bot, _form: KnowledgeForm) -> str:
    """Takes each file on its own: a rejected file does not affect the others."""
    taken, refused = [], []
    for upload in _uploads():
        try:
            name, data = _name(upload), _data(upload)
            taken.append(sources.add_file(workspace, bot.id, name, data, this_actor()).title)
        except REFUSED as error:
            refused.append(error.message)
    if refused:
        kept = [f"{listed(taken)}: added, now being read."] if taken else []
        raise Invalid(" ".join([*dict.fromkeys(refused), *kept]), field="files")
    return listed(taken)


def _uploads() -> list[FileStorage]:
    chosen = [sent for sent in request.files.getlist("files") if isinstance(sent, FileStorage)]
    chosen = [sent for sent in chosen if _name(sent)]
    if not chosen:
        raise Invalid("Choose at least one file.", field="files")
    return chosen


def _name(upload: FileStorage) -> str:
    """The file's name without folders, which some browsers send."""
    return fit(upload.filename or "").replace("\\", "/").rpartition("/")[2].strip()[:200]


def _data(upload: FileStorage) -> bytes:
    size = upload.stream.seek(0, 2)
    if size > sources.MAX_FILE_BYTES:
        megabytes = size / 1024 / 1024
        raise TooLarge(
            f"Files can be up to 20 MB; “{_name(upload)}” is {megabytes:.1f} MB. Split it."
        )
    upload.stream.seek(0)
    return upload.stream.read()


def _from_transcript(workspace: Workspace, bot: Bot) -> dict[str, Any]:
    """The question and answer from a transcript, to be improved."""
    answer_id = request.args.get("answer", "")
    if not answer_id:
        return {}
    question, text = reading.question_and_answer(workspace.id, bot.id, answer_id)
    return {"question": question, "answer": text}


def _form_page(bot: Bot, kind: str, form: KnowledgeForm) -> Response:
    page = render_template("knowledge/new.html", bot=bot, kind=kind, form=form)
    return make_response(page, 422 if form.errors else 200)
