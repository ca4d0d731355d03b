"""Bots: listed, created, changed, enabled, disabled and deleted."""

from typing import Any

from flask import Blueprint, Response, flash, make_response, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse
from wtforms import BooleanField, StringField, TextAreaField

from core import clock
from core.accounts.models import Workspace
from core.bots import bots
from core.bots import deletion as bot_deletion
from core.bots.bots import Draft
from core.bots.conversations import reading as conversations
from core.bots.models import Bot
from core.bots.quota.rate_limits import TOO_FAST
from core.bots.retrieval.grounding import DONT_KNOW
from core.errors import Invalid, PlanDoesNotAllow
from core.usage import reading
from web.console import request_cache, sorting
from web.console.bots import rows as bot_rows
from web.console.knowledge import embedding_rows
from web.forms import Form
from web.guards import requires, this_actor
from web.htmx import go_to

pages = Blueprint("bots", __name__, url_prefix="/w/<slug>/bots")

LATEST = 8
LIMITS = ("visitor_limit", "address_limit", "daily_limit")


class BotForm(Form):
    name = StringField("Name")
    model = StringField("Model")
    instructions = TextAreaField("Instructions")
    welcome = TextAreaField("Welcome")
    starters = TextAreaField("Starter questions")
    allowed_origins = TextAreaField("Allowed sites")
    caches = BooleanField("Cache answers to repeated first questions", default=True)
    visitor_limit = StringField("Per visitor per minute", default=str(Draft.visitor_limit))
    address_limit = StringField("Per IP address per hour", default=str(Draft.address_limit))
    daily_limit = StringField("Per bot per day", default=str(Draft.daily_limit))
    limit_text = StringField("Message when a limit is reached", render_kw={"placeholder": TOO_FAST})
    only_knowledge = BooleanField("Answer from knowledge only", default=True)
    unknown_text = TextAreaField(
        "Message when it doesn’t know", render_kw={"placeholder": DONT_KNOW}
    )
    hybrid = BooleanField("Semantic search")

    def draft(self) -> Draft:
        return Draft(
            name=self.name.data or "",
            model=self.model.data or "mevichat:mini",
            instructions=self.instructions.data or "",
            welcome=self.welcome.data or "",
            starters=tuple((self.starters.data or "").splitlines()),
            allowed_origins=tuple((self.allowed_origins.data or "").splitlines()),
            only_knowledge=bool(self.only_knowledge.data),
            unknown_text=self.unknown_text.data or "",
            hybrid=bool(self.hybrid.data),
            caches=bool(self.caches.data),
            **self._limits(),
        )

    def _limits(self) -> dict[str, Any]:
        """Missing numbers get the default; empty ones are an error."""
        numbers = {name: self[name].data for name in LIMITS if self[name].data is not None}
        return numbers | {"limit_text": self.limit_text.data or ""}

    def blame(self, error: Invalid | PlanDoesNotAllow) -> None:
        """Shows an error from core beside its field. Errors about the plan concern the model."""
        named = error.field if isinstance(error, Invalid) else "model"
        field = self[named]
        field.errors = [*field.errors, error.message]


@pages.get("")
@requires("bots.read")
def index(workspace: Workspace) -> str:
    place = {"slug": workspace.slug}
    order = sorting.from_request(bot_rows.COLUMNS, "bots.index", place, "bot-list")
    rows = bot_rows.in_order(bot_rows.rows_of(workspace), order.order)
    return render_template("bots/index.html", bots=rows, sorting=order)


@pages.route("/new", methods=["GET", "POST"])
@requires("bots.manage")
def new(workspace: Workspace) -> AnyResponse:
    form = BotForm()
    if form.validate_on_submit():
        try:
            bot = bots.create(workspace, form.draft(), this_actor())
        except (Invalid, PlanDoesNotAllow) as error:
            form.blame(error)
        else:
            flash(f"{bot.name} is ready. Open its chat and say hello.", "good")
            return go_to(url_for("bots.show", slug=workspace.slug, bot_id=bot.id))
    return _form_page("bots/new.html", workspace, form)


@pages.get("/<bot_id>")
@requires("bots.read")
def show(workspace: Workspace, bot_id: str) -> str:
    bot = request_cache.bot_of(workspace, bot_id)
    month = clock.start_of_period(clock.now())
    return render_template(
        "bots/show.html",
        bot=bot_rows.row_of(workspace, bot),
        talks=conversations.count_since(bot.id, month),
        use=reading.for_bot(workspace.id, bot.id, month.date()),
        conversations=conversations.latest(bot, LATEST),
        chat_url=url_for("chat.show", bot_id=bot.id, _external=True),
    )


@pages.route("/<bot_id>/settings", methods=["GET", "POST"])
@requires("bots.manage")
def settings(workspace: Workspace, bot_id: str) -> AnyResponse:
    bot = bots.get(workspace.id, bot_id)
    form = BotForm(data=_form_data(bot)) if request.method == "GET" else BotForm()
    if form.validate_on_submit():
        try:
            bots.change(workspace, bot, form.draft(), this_actor())
        except (Invalid, PlanDoesNotAllow) as error:
            form.blame(error)
        else:
            flash("Saved. Applies from the next message.", "good")
            return go_to(url_for("bots.settings", slug=workspace.slug, bot_id=bot.id))
    return _form_page("bots/settings.html", workspace, form, bot=bot)


@pages.post("/<bot_id>/enablement")
@requires("bots.manage")
def enable(workspace: Workspace, bot_id: str) -> AnyResponse:
    return _switched(workspace, bot_id, True)


@pages.post("/<bot_id>/disablement")
@requires("bots.manage")
def disable(workspace: Workspace, bot_id: str) -> AnyResponse:
    return _switched(workspace, bot_id, False)


@pages.route("/<bot_id>/deletion", methods=["GET", "POST"])
@requires("bots.manage")
def deletion(workspace: Workspace, bot_id: str) -> Any:
    bot = bots.get(workspace.id, bot_id)
    if request.method == "GET":
        return render_template("bots/deletion.html", bot=bot)
    bot_deletion.remove(bot, this_actor())
    flash(f"{bot.name} and its conversations are deleted.", "good")
    return go_to(url_for("bots.index", slug=workspace.slug))


def _switched(workspace: Workspace, bot_id: str, enabled: bool) -> AnyResponse:
    bot = bots.get(workspace.id, bot_id)
    bots.set_enabled(bot, enabled, this_actor())
    flash(f"{bot.name} is {'enabled' if enabled else 'disabled'}.", "good")
    return go_to(url_for("bots.settings", slug=workspace.slug, bot_id=bot.id))


def _form_page(
    template: str, workspace: Workspace, form: BotForm, bot: Bot | None = None
) -> Response:
    models = bot_rows.choices(workspace, form.model.data or "mevichat:mini", bot)
    offer = embedding_rows.offer(workspace)
    page = render_template(template, form=form, models=models, bot=bot, semantic_search=offer)
    return make_response(page, 422 if form.errors else 200)


def _form_data(bot: Bot) -> dict[str, Any]:
    return {
        "name": bot.name,
        "model": bot.model_id,
        "instructions": bot.instructions,
        "welcome": bot.welcome,
        "starters": "\n".join(bot.starters),
        "allowed_origins": "\n".join(bot.allowed_origins),
        "caches": bot.caches,
        "limit_text": bot.limit_text,
        **{name: str(getattr(bot, name)) for name in LIMITS},
        "only_knowledge": bot.only_knowledge,
        "unknown_text": bot.unknown_text,
        "hybrid": bot.hybrid,
    }
