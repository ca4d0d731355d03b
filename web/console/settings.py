"""A workspace's settings: its name."""

from typing import Any

from flask import Blueprint, flash, render_template, url_for
from wtforms import StringField

from core.accounts import workspaces
from core.accounts.models import Workspace
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
        may_manage=may_manage,
    )
    return page, 422 if form.errors else 200


def _renamed(workspace: Workspace, form: NameForm) -> bool:
    try:
        workspaces.rename(workspace, form.name.data or "", this_actor())
    except Invalid as error:
        form.name.errors = [error.message]
        return False
    return True
