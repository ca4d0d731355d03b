"""The message quota: what was counted this month, what wasn't and why, and when it resets."""

from flask import Blueprint, render_template

from core.accounts.models import Workspace
from core.bots.quota import report as quota_report
from web.console.plan import quota_rows
from web.guards import requires

pages = Blueprint("message_quota", __name__, url_prefix="/w/<slug>/message-quota")


@pages.get("")
@requires("plan.read")
def show(workspace: Workspace) -> str:
    use = quota_report.this_month(workspace)
    return render_template(
        "plan/messages.html",
        quota=use.standing,
        counted=quota_rows.counted(use),
        not_counted=quota_rows.not_counted(use),
        given_back=use.given_back,
    )
