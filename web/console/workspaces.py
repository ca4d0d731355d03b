"""New organization workspaces."""

from typing import Any

from flask import Blueprint, flash, render_template, url_for
from wtforms import StringField

from core.accounts import workspaces
from core.errors import Invalid
from web.forms import Form
from web.guards import requires_sign_in, this_actor, this_person
from web.htmx import go_to

pages = Blueprint("workspaces", __name__, url_prefix="/workspaces")


class WorkspaceForm(Form):
    name = StringField("Name")


@pages.route("/new", methods=["GET", "POST"])
@requires_sign_in
def new() -> Any:
    form = WorkspaceForm()
    if form.validate_on_submit():
        try:
            name, actor = form.name.data or "", this_actor()
            workspace = workspaces.create_organization(this_person(), name, actor)
        except Invalid as error:
            form.name.errors = [error.message]
        else:
            flash(f"{workspace.name} is ready.", "good")
            return go_to(url_for("home.show", slug=workspace.slug))
    return render_template("workspaces/new.html", form=form), 422 if form.errors else 200
