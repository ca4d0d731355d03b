"""Alerts: email recipients, the workspace's webhook, and the log of deliveries.

A signing secret is shown once, in the response to the POST that created it.
"""

from typing import Any

from flask import Blueprint, Response, flash, make_response, render_template, url_for
from werkzeug.wrappers import Response as AnyResponse
from wtforms import StringField

from core.accounts import workspaces
from core.accounts.models import Workspace
from core.errors import Invalid, NotFound
from core.outbox import deliveries
from core.webhooks import endpoints
from core.webhooks.models import Webhook
from web.console.alerts.delivery_rows import rows_of, seconds_to_next_refresh
from web.forms import Form
from web.guards import requires, this_actor
from web.htmx import go_to, toast, wants_piece

pages = Blueprint("alerts", __name__, url_prefix="/w/<slug>/alerts")

HOW_TO_VERIFY = """\
import base64, hashlib, hmac, time

def is_from_mevichat(secret, headers, body):  # body: the bytes as they came
    sent_at = headers["webhook-timestamp"]
    signed = f"{headers['webhook-id']}.{sent_at}.".encode() + body
    key = base64.b64decode(secret.removeprefix("whsec_"))
    expected = base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
    is_recent = abs(time.time() - int(sent_at)) < 300
    return is_recent and hmac.compare_digest(headers["webhook-signature"], f"v1,{expected}")
"""


class WebhookForm(Form):
    url = StringField("Address")


@pages.get("")
@requires("alerts.manage")
def index(workspace: Workspace) -> Any:
    webhook = endpoints.find(workspace.id)
    return _page(workspace, webhook, WebhookForm(data={"url": webhook.url if webhook else ""}))


@pages.post("/webhook")
@requires("alerts.manage")
def set_webhook(workspace: Workspace) -> Any:
    form = WebhookForm()
    try:
        secret = endpoints.set_url(workspace.id, form.url.data or "", this_actor())
    except Invalid as error:
        form.url.errors = [error.message]
        return _page(workspace, endpoints.find(workspace.id), form), 422
    if secret:
        return _secret_page("Webhook set. Add its secret to your receiver.", secret)
    flash("Saved. Pending deliveries go to the new address.", "good")
    return _to_index(workspace)


@pages.post("/webhook/secrets")
@requires("alerts.manage")
def new_secret(workspace: Workspace) -> Response:
    secret = endpoints.replace_secret(workspace.id, this_actor())
    return _secret_page("New secret created. The old one no longer works.", secret)


@pages.post("/webhook/enablement")
@requires("alerts.manage")
def enable(workspace: Workspace) -> AnyResponse:
    endpoints.set_enabled(workspace.id, True, this_actor())
    flash("Webhook enabled.", "good")
    return _to_index(workspace)


@pages.post("/webhook/disablement")
@requires("alerts.manage")
def disable(workspace: Workspace) -> AnyResponse:
    endpoints.set_enabled(workspace.id, False, this_actor())
    flash("Webhook disabled. Pending deliveries were canceled.", "good")
    return _to_index(workspace)


@pages.route("/webhook/removal", methods=["GET", "POST"])
@requires("alerts.manage")
def removal(workspace: Workspace) -> Any:
    """Shows the effect and asks for confirmation; then removes the webhook."""
    webhook, form = endpoints.find(workspace.id), Form()
    if webhook is None:
        raise NotFound("There’s no webhook yet. Enter an address first.")
    if not form.is_submitted():
        return render_template("alerts/removal.html", webhook=webhook)
    endpoints.remove(workspace.id, this_actor())
    flash("Webhook removed.", "good")
    return _to_index(workspace)


@pages.post("/webhook/tests")
@requires("alerts.manage")
def send_test(workspace: Workspace) -> AnyResponse:
    endpoints.send_test(workspace, this_actor())
    return _deliveries_or_page(workspace, "Test sent. It’s tried once.")


@pages.get("/deliveries")
@requires("alerts.manage")
def list_deliveries(workspace: Workspace) -> AnyResponse:
    return _deliveries(workspace) if wants_piece() else _to_index(workspace)


@pages.post("/deliveries/<delivery_id>/tries")
@requires("alerts.manage")
def try_now(workspace: Workspace, delivery_id: str) -> AnyResponse:
    deliveries.try_again(workspace.id, delivery_id)
    return _deliveries_or_page(workspace, "Retrying now.")


def _deliveries_or_page(workspace: Workspace, text: str) -> AnyResponse:
    if wants_piece():
        return toast(_deliveries(workspace), "good", text)
    flash(text, "good")
    return _to_index(workspace)


def _deliveries(workspace: Workspace) -> Response:
    return make_response(render_template("alerts/_deliveries.html", **_log(workspace)))


def _log(workspace: Workspace) -> dict[str, Any]:
    rows = rows_of(workspace.id)
    return {"rows": rows, "refresh_seconds": seconds_to_next_refresh(rows)}


def _page(workspace: Workspace, webhook: Webhook | None, form: WebhookForm) -> str:
    recipients = [
        row.person for row in workspaces.members(workspace.id) if row.allows("alerts.manage")
    ]
    return render_template(
        "alerts/index.html",
        webhook=webhook,
        form=form,
        recipients=recipients,
        how_to_verify=HOW_TO_VERIFY,
        **_log(workspace),
    )


def _secret_page(lede: str, secret: str) -> Response:
    return make_response(render_template("alerts/secret.html", lede=lede, secret=secret))


def _to_index(workspace: Workspace) -> AnyResponse:
    return go_to(url_for("alerts.index", slug=workspace.slug))
