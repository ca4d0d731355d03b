"""Plans: what each allows compared with the workspace's use, and changing from one to another."""

from typing import Any

from flask import Blueprint, flash, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from core import plans
from core.accounts.models import Workspace
from core.bots import plan_change
from core.bots.answers import failure_messages
from core.bots.models import Bot
from core.errors import Conflict, NotFound
from core.gateway.billing import balance, money
from core.plans import Plan
from web.console.plan import effects as plan_effects
from web.console.plan.effects import Effect
from web.guards import requires, this_actor
from web.htmx import go_to
from web.page_context import listed

pages = Blueprint("plan", __name__, url_prefix="/w/<slug>/plan")


@pages.get("")
@requires("plan.read")
def show(workspace: Workspace) -> str:
    use = plan_effects.use_of(workspace)
    owed = balance.debt_of(workspace.id)
    effects = [Effect(plan, use) for plan in plans.plans_of(workspace.kind)]
    return render_template(
        "plan/show.html",
        effects=[(effect, _url(workspace, effect.plan)) for effect in effects],
        bots=[
            (bot, _model(bot), [bot not in effect.blocked for effect in effects])
            for bot in use.bots
        ],
        quota=use.quota,
        left=money.format_usd(balance.balance_of(workspace.id)),
        owed=money.format_usd(owed) if owed else "",
    )


@pages.route("/<plan_key>", methods=["GET", "POST"])
@requires("plan.manage")
def change(workspace: Workspace, plan_key: str) -> Any:
    """The page of one change. Fails if the plan was changed since the page was shown."""
    plan = _plan(workspace, plan_key)
    if request.method == "POST":
        return _changed(workspace, plan)
    if plan == workspace.plan:
        return go_to(url_for("plan.show", slug=workspace.slug))
    effect = Effect(plan, plan_effects.use_of(workspace))
    return render_template(
        "plan/change.html",
        effect=effect,
        blocked=[(bot, _model(bot)) for bot in effect.blocked],
        staying=[bot for bot in effect.use.bots if bot not in effect.blocked],
        gained=listed(effect.gained),
        seen=workspace.plan.key,
        here=_url(workspace, plan),
    )


def _changed(workspace: Workspace, plan: Plan) -> AnyResponse:
    seen, to_mini = request.form.get("seen", ""), "to_mini" in request.form
    try:
        switched = plan_change.change(workspace, plan, seen, to_mini, this_actor())
    except Conflict as error:
        flash(error.message, "warning")
    else:
        moved = (
            f" {listed(switched)} now {_answer(switched)} with Mevichat Mini." if switched else ""
        )
        flash(f"{workspace.name} is on the {plan.name} plan.{moved}", "good")
    return go_to(url_for("plan.show", slug=workspace.slug))


def _answer(names: list[str]) -> str:
    return "answers" if len(names) == 1 else "answer"


def _plan(workspace: Workspace, plan_key: str) -> Plan:
    found = [plan for plan in plans.plans_of(workspace.kind) if plan.key == plan_key]
    if not found:
        raise NotFound("Plan not found.")
    return found[0]


def _url(workspace: Workspace, plan: Plan) -> str:
    return url_for("plan.change", slug=workspace.slug, plan_key=plan.key)


def _model(bot: Bot) -> str:
    return failure_messages.names(bot.model_id)[0]
