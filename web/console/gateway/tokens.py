"""Gateway tokens: created, replaced and revoked. Members see their own, owners see and revoke all.

A token is shown once, in the response to the POST that created it. It acts on its owner's behalf,
so only they can replace it and see the new one.
"""

from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, Response, current_app, flash, make_response, render_template, url_for
from wtforms import SelectField, StringField
from wtforms.fields import SelectChoice

from core import clock
from core.accounts import workspaces
from core.accounts.models import Workspace
from core.errors import Invalid, NotAllowed
from core.gateway import tokens
from core.gateway.models import GatewayToken
from web.console import sorting
from web.console.gateway import token_rows
from web.console.gateway.setup import snippets_for
from web.forms import Form
from web.guards import requires, this_actor, this_membership, this_person
from web.htmx import go_to

pages = Blueprint("gateway_tokens", __name__, url_prefix="/w/<slug>/gateway/tokens")

LIVES = {"": "Never", "30": "In 30 days", "90": "In 90 days", "365": "In a year"}
GRACES = {"0": "Not at all", "30": "30 minutes", "1440": "24 hours", "2880": "48 hours"}
"""By minutes."""
_CHOOSE = "Choose one from the list."


def _choices(texts: dict[str, str]) -> list[SelectChoice]:
    return [SelectChoice(value, text) for value, text in texts.items()]


class TokenForm(Form):
    name = StringField("Name")
    life = SelectField("Expires", choices=_choices(LIVES), validate_choice=False)


class GraceForm(Form):
    grace = SelectField(
        "Keep the old token valid for", choices=_choices(GRACES), validate_choice=False
    )


@pages.get("")
@requires("gateway.use")
def index(workspace: Workspace) -> str:
    person_id, sees_all = this_person().id, this_membership().allows("tokens.manage")
    found = tokens.of_workspace(workspace.id, "" if sees_all else person_id)
    inside = (
        {row.person_id for row in workspaces.members(workspace.id)} if sees_all else {person_id}
    )
    place = {"slug": workspace.slug}
    order = sorting.from_request(token_rows.COLUMNS, "gateway_tokens.index", place, "token-list")
    rows = token_rows.in_order(token_rows.rows_of(found, person_id, inside), order.order)
    return render_template("gateway/tokens.html", rows=rows, sees_all=sees_all, sorting=order)


@pages.route("/new", methods=["GET", "POST"])
@requires("gateway.use")
def new(workspace: Workspace) -> Any:
    form = TokenForm()
    if not form.is_submitted():
        return _form_page(form)
    life = form.life.data or ""
    if life not in LIVES:
        form.life.errors = [_CHOOSE]
        return _form_page(form), 422
    try:
        _, text = tokens.create(
            workspace,
            this_person(),
            form.name.data or "",
            _end(life),
            this_actor(),
            current_app.config["SECRET_KEY"],
        )
    except Invalid as error:
        form.name.errors = [error.message]
        return _form_page(form), 422
    return _shown_once(text, "Token created.")


@pages.route("/<token_id>/replacement", methods=["GET", "POST"])
@requires("gateway.use")
def replacement(workspace: Workspace, token_id: str) -> Any:
    token, form = _own(workspace, token_id), GraceForm()
    if not form.is_submitted():
        return render_template("gateway/token_replacement.html", token=token, form=form)
    if form.grace.data not in GRACES:
        form.grace.errors = [_CHOOSE]
        return render_template("gateway/token_replacement.html", token=token, form=form), 422
    grace = timedelta(minutes=int(form.grace.data))
    secret_key = current_app.config["SECRET_KEY"]
    _, text = tokens.replace(token, grace, this_actor(), secret_key)
    end = f"works for {GRACES[form.grace.data]} more" if grace else "no longer works"
    return _shown_once(text, f"Token replaced. The old one {end}.")


@pages.route("/<token_id>/revocation", methods=["GET", "POST"])
@requires("gateway.use")
def revocation(workspace: Workspace, token_id: str) -> Any:
    """Shows the effect and asks for confirmation; then revokes the token."""
    token, form = _revocable(workspace, token_id), Form()
    if not form.is_submitted():
        return render_template("gateway/token_revocation.html", token=token)
    tokens.revoke(token, this_actor())
    flash(f"The token “{token.name}” is revoked.", "good")
    return go_to(url_for("gateway_tokens.index", slug=workspace.slug))


def _own(workspace: Workspace, token_id: str) -> GatewayToken:
    token = tokens.get(workspace.id, token_id)
    if token.person_id != this_person().id:
        raise NotAllowed("Only the token’s owner can replace it.")
    return token


def _revocable(workspace: Workspace, token_id: str) -> GatewayToken:
    token = tokens.get(workspace.id, token_id)
    if token.person_id != this_person().id and not this_membership().allows("tokens.manage"):
        raise NotAllowed()
    return token


def _end(life: str) -> datetime | None:
    return clock.now() + timedelta(days=int(life)) if life else None


def _form_page(form: TokenForm) -> str:
    return render_template("gateway/token_new.html", form=form)


def _shown_once(text: str, lede: str) -> Response:
    return make_response(
        render_template(
            "gateway/token_secret.html",
            token=text,
            lede=lede,
            snippets=snippets_for(this_membership()),
        )
    )
