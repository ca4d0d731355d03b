"""A bot's appearance: one form with a live preview in the real chat frame."""

from typing import Any

from flask import (
    Blueprint,
    Response,
    flash,
    jsonify,
    make_response,
    render_template,
    request,
    url_for,
)
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response as AnyResponse

from core.accounts.models import Workspace
from core.bots import bots
from core.bots.appearance import avatars, presets
from core.bots.appearance import changes as appearance_changes
from core.bots.appearance.appearance import FACTS, Appearance, appearance_of
from core.bots.appearance.contrast import Problem
from core.bots.models import Bot
from core.errors import Invalid, PlanDoesNotAllow, TooLarge
from web.console.bots import appearance_rows
from web.console.bots.appearance_form import HINTS, UNITS, AppearanceForm, kind_of
from web.forms import takes_files
from web.guards import requires, this_actor
from web.htmx import go_to

pages = Blueprint("appearance", __name__, url_prefix="/w/<slug>/bots/<bot_id>/look")

MOST_UPLOAD_BYTES = 1024 * 1024
"""More than an avatar may have, so that one that is too large gets an error beside its field."""


@pages.route("", methods=["GET", "POST"])
@requires("bots.manage")
def show(workspace: Workspace, bot_id: str) -> AnyResponse:
    bot = bots.get(workspace.id, bot_id)
    if request.method == "GET":
        return _initial_form(bot)
    form, chosen, problems = _typed(bot)
    if not problems:
        problems = _saved(workspace, bot, chosen)
    if problems:
        form.blame(problems)
        return _page(bot, form, chosen)
    flash("Saved. Visitors see it when they next load a page.", "good")
    return go_to(_here(workspace, bot))


@pages.post("/preview")
@requires("bots.manage")
def preview(workspace: Workspace, bot_id: str) -> Response:
    """The preview of the submitted form; nothing is stored."""
    bot = bots.get(workspace.id, bot_id)
    _, chosen, problems = _typed(bot)
    return jsonify(appearance_rows.preview(bot, chosen, problems))


@pages.route("/reset", methods=["GET", "POST"])
@requires("bots.manage")
def reset(workspace: Workspace, bot_id: str) -> Any:
    bot = bots.get(workspace.id, bot_id)
    if request.method == "GET":
        return render_template("bots/appearance/reset.html", bot=bot)
    appearance_changes.reset(bot, this_actor())
    flash(f"{bot.name} has the default appearance again.", "good")
    return go_to(_here(workspace, bot))


@pages.post("/picture")
@requires("bots.manage")
@takes_files(MOST_UPLOAD_BYTES)
def set_picture(workspace: Workspace, bot_id: str) -> AnyResponse:
    bot = bots.get(workspace.id, bot_id)
    try:
        avatars.store(bot, _picture(), this_actor())
    except (Invalid, TooLarge) as error:
        stored = appearance_of(bot)
        return _page(bot, _filled(stored), stored, error.message)
    flash("Picture saved. It’s shown in the chat header.", "good")
    return go_to(_here(workspace, bot))


@pages.post("/picture/removal")
@requires("bots.manage")
def remove_picture(workspace: Workspace, bot_id: str) -> AnyResponse:
    bot = bots.get(workspace.id, bot_id)
    avatars.remove(bot, this_actor())
    flash("Picture removed. The initials are shown instead.", "good")
    return go_to(_here(workspace, bot))


def _initial_form(bot: Bot) -> Response:
    """The stored appearance, or the preset in the URL."""
    stored, preset = appearance_of(bot), presets.find(request.args.get("preset", ""))
    shown = presets.applied(preset, stored) if preset else stored
    return _page(bot, _filled(shown), shown, filled=preset.name if preset else "")


def _filled(chosen: Appearance) -> Any:
    form = AppearanceForm()
    form.show(chosen)
    return form


def _typed(bot: Bot) -> tuple[Any, Appearance, list[Problem]]:
    """The form as submitted, its appearance, and its errors."""
    form, before = AppearanceForm(), appearance_of(bot)
    form.take(request.form.get("use", ""))
    typed = form.typed()
    if not bot.workspace.plan.hides_our_name:
        typed["powered_by"] = before.powered_by
    return (form, *appearance_changes.read(typed, before))


def _saved(workspace: Workspace, bot: Bot, chosen: Appearance) -> list[Problem]:
    """Stores the appearance; returns the errors if the plan doesn't allow it."""
    try:
        appearance_changes.save(workspace, bot, chosen, this_actor())
    except PlanDoesNotAllow as error:
        return [Problem("powered_by", error.message)]
    return []


def _picture() -> bytes:
    sent = request.files.get("picture")
    if not isinstance(sent, FileStorage) or not sent.filename:
        raise Invalid("Choose a picture first.", field="picture")
    return sent.stream.read()


def _page(
    bot: Bot, form: Any, shown: Appearance, picture_problem: str = "", filled: str = ""
) -> Response:
    if picture_problem:
        form.form_errors.append(picture_problem)
    has_picture = bool(avatars.digest_of(bot.id))
    page = render_template(
        "bots/appearance/show.html",
        bot=bot,
        form=form,
        groups=form.groups(shown),
        kind_of=kind_of,
        facts=FACTS,
        disabled=_disabled(bot, has_picture),
        hints=HINTS,
        units=UNITS,
        swatches=appearance_rows.swatches(shown),
        preview=appearance_rows.preview(bot, shown, []),
        has_picture=has_picture,
        picture_problem=picture_problem,
        filled=filled,
    )
    return make_response(page, 422 if form.errors else 200)


def _disabled(bot: Bot, has_picture: bool) -> dict[str, tuple[str, ...]]:
    """By field, the options that can't be chosen."""
    without_picture: dict[str, tuple[str, ...]] = {} if has_picture else {"avatar": ("picture",)}
    plan_shows: dict[str, tuple[str, ...]] = (
        {} if bot.workspace.plan.hides_our_name else {"powered_by": ("",)}
    )
    return without_picture | plan_shows


def _here(workspace: Workspace, bot: Bot) -> str:
    return url_for("appearance.show", slug=workspace.slug, bot_id=bot.id)
