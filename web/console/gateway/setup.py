"""The gateway's setup page: what each client needs to use this deployment."""

from flask import Blueprint, current_app, render_template

from core.accounts.models import Membership, Workspace
from core.gateway import access, models_endpoint
from web.console.gateway.snippets import Snippet, snippets
from web.guards import requires, this_membership

pages = Blueprint("gateway_setup", __name__, url_prefix="/w/<slug>/gateway/setup")

_CLAUDE, _GPT = "claude-haiku-4-5", "gpt-5-mini"
"""The models in the snippets if the workspace has none available."""


@pages.get("")
@requires("gateway.use")
def show(workspace: Workspace) -> str:
    return render_template("gateway/setup.html", snippets=snippets_for(this_membership()))


def snippets_for(membership: Membership) -> list[Snippet]:
    """Uses models that are available in this workspace, if there are any."""
    served = [one.id for one in models_endpoint.models_for(access.caller_of(membership))]
    url: str = current_app.config["MEVICHAT"].address
    return snippets(url, _pick(served, "claude-", _CLAUDE), _pick(served, "gpt-", _GPT))


def _pick(served: list[str], beginning: str, otherwise: str) -> str:
    fitting = [name for name in served if name.startswith(beginning)]
    if otherwise in fitting:
        return otherwise
    return next(iter(fitting), next(iter(served), otherwise))
