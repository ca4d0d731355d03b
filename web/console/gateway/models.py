"""The gateway's models: which are available, how a request would be routed, and the provider order."""

from typing import Any

from flask import Blueprint, flash, render_template, request, url_for

from core.accounts.models import Workspace
from core.errors import Invalid
from core.gateway import access, models_endpoint, provider_order
from core.gateway.calls import MAX_MODEL_LENGTH
from core.keys import states
from core.providers import catalogue
from web.console import request_cache, sorting
from web.console.gateway import model_rows, routing_text
from web.guards import requires, this_actor, this_membership
from web.htmx import go_to

pages = Blueprint("gateway_models", __name__, url_prefix="/w/<slug>/gateway")

FORMATS = {
    "chat": "/v1/chat/completions",
    "responses": "/v1/responses",
    "messages": "/v1/messages",
    "completions": "/v1/completions",
    "fim": "/v1/fim/completions",
    "embeddings": "/v1/embeddings",
}
assert set(FORMATS) == set(models_endpoint.ROUTES)  # noqa: S101  (fails at the start, not in front of people)


@pages.get("/models")
@requires("gateway.use")
def index(workspace: Workspace) -> str:
    words = " ".join(request.args.get("q", "").split())[:MAX_MODEL_LENGTH]
    slugs = {one.slug: one.name for one in catalogue.providers()}
    provider = request.args.get("provider", "")
    provider = provider if provider in slugs else ""
    query = {name: text for name, text in (("q", words), ("provider", provider)) if text}
    place = {"slug": workspace.slug}
    order = sorting.from_request(model_rows.COLUMNS, "gateway_models.index", place, "models", query)
    rows = model_rows.rows_of(access.caller_of(this_membership()), words, provider)
    return render_template(
        "gateway/models.html",
        rows=model_rows.in_order(rows, order.order),
        words=words,
        provider=provider,
        providers=slugs,
        sorting=order,
    )


@pages.get("/route")
@requires("gateway.use")
def route(workspace: Workspace) -> str:
    """Explains how a request for a model would be routed. Sends no request."""
    model, form = (
        request.args.get("model", "").strip()[:MAX_MODEL_LENGTH],
        request.args.get("format"),
    )
    chosen = form if form in FORMATS else "chat"
    explanation: dict[str, Any] | None = None
    if model:
        explanation = models_endpoint.explain(access.caller_of(this_membership()), model, chosen)
    return render_template(
        "gateway/route.html",
        model=model,
        format=chosen,
        formats=FORMATS,
        decision=explanation,
        words=routing_text,
    )


@pages.route("/order", methods=["GET", "POST"])
@requires("keys.manage")
def key_order(workspace: Workspace) -> Any:
    """The order in which keys are tried if several serve a model."""
    if request.method == "POST":
        return _moved(workspace)
    keys = {key.provider: key for key in request_cache.keys_of(workspace)}
    allowed = workspace.plan.provider_keys
    rows = [
        (catalogue.provider(slug), keys[slug], states.state_of(keys[slug], allowed))
        for slug in provider_order.order_of(workspace.key_order, keys)
    ]
    return render_template("gateway/order.html", rows=rows)


def _moved(workspace: Workspace) -> Any:
    slug, way = request.form.get("provider", ""), request.form.get("way", "")
    if not slug:
        raise Invalid("Name the provider to move.")
    provider_order.move(workspace.id, slug, way, this_actor())
    flash("Saved. Applies from the next request.", "good")
    return go_to(url_for("gateway_models.key_order", slug=workspace.slug))
