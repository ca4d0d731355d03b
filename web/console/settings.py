"""A workspace's settings: its name, how much its bots take on, and how long conversations are kept."""

from typing import Any

from flask import Blueprint, flash, render_template, request, url_for
from wtforms import StringField

from core import clock
from core.accounts import workspaces
from core.accounts.models import Workspace
from core.bots import limits
from core.bots import retention as kept
from core.errors import Invalid, NotAllowed
from web.forms import Form
from web.guards import member, this_actor, this_membership
from web.htmx import go_to

pages = Blueprint("settings", __name__, url_prefix="/w/<slug>/settings")


class NameForm(Form):
    name = StringField("Name")


@pages.route("", methods=["GET", "POST"])
@member("workspace.read")
def show(workspace: Workspace) -> Any:
    form = NameForm(data={"name": workspace.name})
    may_manage = this_membership().allows("workspace.manage")
    if form.is_submitted() and not may_manage:
        raise NotAllowed()
    if form.validate_on_submit() and _renamed(workspace, form):
        flash("Saved.", "good")
        return go_to(url_for("settings.show", slug=workspace.slug))
    page = render_template(
        "settings/show.html",
        form=form,
        days=days,
        lost=_lost(workspace, days),
        before=clock.now() - clock.timedelta(days=max(0, days)),
    )


def _lost(workspace: Workspace, days: int) -> int:
    """How many conversations a shorter time would delete that the present one does not."""
    present = workspace.retention_days
    shorter = 0 < days <= workspaces.LONGEST_RETENTION_DAYS and (not present or days < present)
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
