"""Workspace settings: its name, the message rate limit of all bots, and how long conversations are kept."""

from datetime import timedelta
from typing import Any

from flask import Blueprint, flash, render_template, request, url_for
from wtforms import StringField

from core import clock
from core.accounts import workspaces
from core.accounts.models import Workspace
from core.bots.conversations import retention as kept
from core.bots.quota import rate_limits
from core.errors import Invalid, NotAllowed
from web.forms import Form
from web.guards import requires, this_actor, this_membership
from web.htmx import go_to

pages = Blueprint("settings", __name__, url_prefix="/w/<slug>/settings")


class NameForm(Form):
    name = StringField("Name")


class MinuteLimitForm(Form):
    minute_limit = StringField("Messages per minute")


class RetentionForm(Form):
    days = StringField("Keep conversations for")

    @property
    def number(self) -> int:
        """The number as submitted; −1, which is rejected, if it is not a number."""
        text = (self.days.data or "").strip()
        return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else -1


@pages.route("", methods=["GET", "POST"])
@requires("workspace.read")
def show(workspace: Workspace) -> Any:
    form = NameForm(data={"name": workspace.name})
    may_manage = this_membership().allows("workspace.manage")
    if form.is_submitted() and not may_manage:
        raise NotAllowed()
    if form.validate_on_submit() and _renamed(workspace, form):
        flash("Saved.", "good")
        return go_to(url_for("settings.show", slug=workspace.slug))
    return _page(workspace, form), 422 if form.errors else 200


def _page(
    workspace: Workspace, form: NameForm | None = None, minute: MinuteLimitForm | None = None
) -> str:
    return render_template(
        "settings/show.html",
        form=form or NameForm(data={"name": workspace.name}, formdata=None),
        minute=minute
        or MinuteLimitForm(data={"minute_limit": str(workspace.minute_limit)}, formdata=None),
        retention=RetentionForm(data={"days": workspace.retention_days}, formdata=None),
        may_manage=this_membership().allows("workspace.manage"),
    )


@pages.post("/minute-limit")
@requires("workspace.manage")
def set_minute_limit(workspace: Workspace) -> Any:
    """Sets the rate limit for all bots together, in messages per minute."""
    form = MinuteLimitForm()
    written, what = form.minute_limit.data or "", "the limit for all bots per minute"
    try:
        number = rate_limits.checked(written, what, "minute_limit")
    except Invalid as error:
        form.minute_limit.errors = [error.message]
        return _page(workspace, minute=form), 422
    workspaces.set_minute_limit(workspace, number, this_actor())
    flash("Saved.", "good")
    return go_to(url_for("settings.show", slug=workspace.slug))


@pages.route("/retention", methods=["GET", "POST"])
@requires("workspace.manage")
def retention(workspace: Workspace) -> Any:
    """Saves how long conversations are kept; asks for confirmation if that deletes some."""
    form = RetentionForm()
    if request.method == "GET":
        form = RetentionForm(data={"days": request.args.get("days", workspace.retention_days)})
        return _asks(workspace, form)
    lost = _lost(workspace, form.number)
    if lost and request.form.get("seen") != str(form.number):
        url = url_for("settings.retention", slug=workspace.slug, days=form.number)
        return go_to(url)
    if not _kept_for(workspace, form):
        return _asks(workspace, form), 422
    flash("Saved.", "good")
    return go_to(url_for("settings.show", slug=workspace.slug))


def _asks(workspace: Workspace, form: RetentionForm) -> str:
    days = form.number
    return render_template(
        "settings/retention.html",
        form=form,
        days=days,
        lost=_lost(workspace, days),
        before=clock.now() - timedelta(days=max(0, days)),
    )


def _lost(workspace: Workspace, days: int) -> int:
    """How many conversations a shorter period would delete."""
    present = workspace.retention_days
    shorter = 0 < days <= workspaces.MAX_RETENTION_DAYS and (not present or days < present)
    return kept.count_older(workspace.id, days) if shorter else 0


def _kept_for(workspace: Workspace, form: RetentionForm) -> bool:
    try:
        workspaces.set_retention(workspace, form.number, this_actor())
    except Invalid as error:
        form.days.errors = [error.message]
        return False
    return True


def _renamed(workspace: Workspace, form: NameForm) -> bool:
    try:
        workspaces.rename(workspace, form.name.data or "", this_actor())
    except Invalid as error:
        form.name.errors = [error.message]
        return False
    return True
