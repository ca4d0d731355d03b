"""Provider keys: added, checked, replaced, enabled, disabled and deleted. A secret is never displayed."""

from typing import Any

from flask import (
    Blueprint,
    Response,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from werkzeug.wrappers import Response as AnyResponse
from wtforms import PasswordField, RadioField

from core.accounts.models import Workspace
from core.errors import Conflict, Invalid, NotFound
from core.keys import checks, store
from core.keys.pending import Check
from core.providers import catalogue
from core.providers.catalogue import Provider
from web.console.keys.checks import CheckView, refused, view_of
from web.console.keys.rows import row_of, rows_of
from web.forms import Form
from web.guards import requires, this_actor, this_membership
from web.htmx import go_to, page_or_piece, wants_piece

pages = Blueprint("provider_keys", __name__, url_prefix="/w/<slug>/provider-keys")

PLAN_NOTES = {"mini": "every plan", "standard": "bots on Pro and Scale", "premium": "bots on Scale"}


class KeyForm(Form):
    provider = RadioField("Provider", choices=[], validate_choice=False)
    secret = PasswordField("Key")


@pages.get("")
@requires("keys.read")
def index(workspace: Workspace) -> Response:
    rows = rows_of(workspace)
    configured = {row.provider.slug for row in rows}
    return page_or_piece(
        "provider_keys/index.html",
        "provider_keys/_list.html",
        allowed=workspace.plan.provider_keys,
        may_manage=this_membership().allows("keys.manage"),
        rows=rows,
        unconfigured=[
            {"slug": choice["slug"], "name": choice["name"], "models": _model_names(choice)}
            for choice in _choices(configured)
            if not choice["configured"]
        ],
    )


@pages.get("/new")
@requires("keys.manage")
def new(workspace: Workspace) -> Response:
    checks.require_plan(workspace)
    return _form_page(workspace, request.args.get("provider"))


@pages.post("")
@requires("keys.manage")
def create(workspace: Workspace) -> AnyResponse:
    """*Validate & save*: starts the check of a pasted key."""
    checks.require_plan(workspace)
    provider = _byok_provider(request.form.get("provider", ""))
    if store.find(workspace.id, provider.slug):
        raise Conflict(f"There’s already a key for {provider.name}. Use “Replace” on its row.")
    return _check_paste(workspace, provider)


@pages.route("/<provider>/replacement", methods=["GET", "POST"])
@requires("keys.manage")
def replacement(workspace: Workspace, provider: str) -> AnyResponse:
    checks.require_plan(workspace)
    row = row_of(workspace, provider)
    if request.method == "POST":
        return _check_paste(workspace, row.provider)
    return page_or_piece(
        "provider_keys/replacement.html",
        "provider_keys/_replacement_form.html",
        row=row,
        form=KeyForm(),
        check=None,
    )


@pages.get("/checks/<check_id>")
@requires("keys.manage")
def check(workspace: Workspace, check_id: str) -> Response:
    return _check_answer(workspace, checks.find(check_id, workspace.id))


@pages.post("/<provider>/checks")
@requires("keys.manage")
def test(workspace: Workspace, provider: str) -> AnyResponse:
    """*Test*: starts a check of the stored key."""
    checks.require_plan(workspace)
    running = checks.test_later(store.get(workspace.id, provider), this_actor())
    return _after_check_started(workspace, running)


@pages.post("/<provider>/enablement")
@requires("keys.manage")
def enable(workspace: Workspace, provider: str) -> AnyResponse:
    return _switched(workspace, provider, True)


@pages.post("/<provider>/disablement")
@requires("keys.manage")
def disable(workspace: Workspace, provider: str) -> AnyResponse:
    return _switched(workspace, provider, False)


@pages.route("/<provider>/deletion", methods=["GET", "POST"])
@requires("keys.manage")
def deletion(workspace: Workspace, provider: str) -> Any:
    """Names the bots that would stop answering and asks for confirmation; then deletes the key."""
    row = row_of(workspace, provider)
    if request.method == "GET":
        return render_template("provider_keys/deletion.html", row=row)
    store.remove(row.key, this_actor())
    flash(f"The {row.provider.name} key was deleted.", "good")
    return go_to(url_for("provider_keys.index", slug=workspace.slug))


def _check_paste(workspace: Workspace, provider: Provider) -> AnyResponse:
    pasted = request.form.get("secret", "")
    try:
        running = checks.check_candidate_later(workspace, provider.slug, pasted, this_actor())
    except Invalid as error:
        return _check_piece(workspace, refused(provider, error.message), 422)
    return _after_check_started(workspace, running)


def _after_check_started(workspace: Workspace, running: Check) -> AnyResponse:
    if not wants_piece():
        return redirect(
            url_for("provider_keys.check", slug=workspace.slug, check_id=running.id), 303
        )
    return _check_answer(workspace, running)


def _check_answer(workspace: Workspace, found: Check) -> Response:
    """The self-polling check, below the form or in the row of the tested key."""
    if wants_piece() and found.purpose != "save":
        row = row_of(workspace, found.provider, found)
        return make_response(render_template("provider_keys/_row.html", row=row, may_manage=True))
    response = _check_piece(workspace, view_of(found, workspace))
    if found.state == "saved":
        response.headers["HX-Trigger"] = "keys-changed"
    return response


def _check_piece(workspace: Workspace, shown: CheckView, status: int = 200) -> Response:
    return page_or_piece(
        "provider_keys/check.html", "provider_keys/_check.html", status, check=shown
    )


def _switched(workspace: Workspace, provider: str, enabled: bool) -> AnyResponse:
    store.set_enabled(store.get(workspace.id, provider), enabled, this_actor())
    if not wants_piece():
        return redirect(url_for("provider_keys.index", slug=workspace.slug), 303)
    row = row_of(workspace, provider)
    return make_response(render_template("provider_keys/_row.html", row=row, may_manage=True))


def _form_page(workspace: Workspace, selected: str | None) -> Response:
    configured = {key.provider for key in store.keys_of(workspace.id)}
    return page_or_piece(
        "provider_keys/new.html",
        "provider_keys/_form.html",
        choices=_choices(configured),
        provider=selected,
        form=KeyForm(),
        check=None,
    )


def _choices(configured: set[str]) -> list[dict[str, Any]]:
    return [
        {
            "slug": provider.slug,
            "name": provider.name,
            "configured": provider.slug in configured,
            "key_shape": provider.key_shape,
            "key_url": provider.key_url,
            "models": [
                {"name": model.name, "plan_note": PLAN_NOTES.get(model.bot_tier, "")}
                for model in catalogue.models()
                if model.provider == provider.slug and model.bot_tier
            ],
        }
        for provider in catalogue.byok_providers()
    ]


def _model_names(choice: dict[str, Any]) -> list[str]:
    return [model["name"] for model in choice["models"]]


def _byok_provider(slug: str) -> Provider:
    for provider in catalogue.byok_providers():
        if provider.slug == slug:
            return provider
    if not slug:
        raise Invalid("Choose a provider.")
    raise NotFound("Provider not found.")
