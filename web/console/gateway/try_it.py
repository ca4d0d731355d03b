"""Try it: sends a prompt through the gateway, exactly as a client's request.

It uses the person's permissions instead of a token, and the request log shows it as theirs.
"""

import json
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, g, render_template, request
from wtforms import StringField, TextAreaField

from core import clock
from core.accounts import workspaces
from core.accounts.models import Workspace
from core.bots.answers.turns import MAX_TEXT_LENGTH
from core.errors import Invalid
from core.gateway import access, calls, models_endpoint, serving
from core.gateway.calls import MAX_MODEL_LENGTH, Call
from core.gateway.error_replies import Reply
from core.ids import new_id
from core.providers.documents import Malformed, parse_object, text_at
from core.providers.formats import FORMATS
from core.providers.formats.response import NO_USAGE, Usage
from web.console.gateway import routing_text
from web.forms import Form
from web.guards import requires, this_membership, this_person

pages = Blueprint("gateway_try", __name__, url_prefix="/w/<slug>/gateway/try")

ROUTE = "chat"


class PromptForm(Form):
    model = StringField("Model")
    prompt = TextAreaField("Prompt")


@dataclass(frozen=True)
class PromptResult:
    """The result. `problem` is the error, in place of a text."""

    request_id: str
    milliseconds: int
    provider: str
    key: str
    attempts: str
    text: str = ""
    usage: Usage = NO_USAGE
    problem: str = ""


@pages.route("", methods=["GET", "POST"])
@requires("gateway.use")
def show(workspace: Workspace) -> Any:
    form = PromptForm()
    if not form.is_submitted():
        form.model.data = request.args.get("model", "")[:MAX_MODEL_LENGTH]
        return _page(form)
    try:
        result = _send(workspace, form)
    except Invalid as error:
        field = form.prompt if error.field == "prompt" else form.model
        field.errors = [error.message]
        return _page(form), 422
    return _page(form, result)


def _page(form: PromptForm, result: PromptResult | None = None) -> str:
    models = [one.id for one in models_endpoint.models_for(access.caller_of(this_membership()))]
    return render_template(
        "gateway/try.html", form=form, models=models, result=result, longest=MAX_TEXT_LENGTH
    )


def _send(workspace: Workspace, form: PromptForm) -> PromptResult:
    """Sends the request and reads the whole answer.

    Serving closed the database session, so it is reopened.
    """
    call, request_id = _call(form), new_id("req")
    began, caller = clock.monotonic(), access.caller_of(this_membership())
    reply = serving.serve(caller, call, request_id)
    body = reply.body if isinstance(reply.body, bytes) else b"".join(reply.body)
    milliseconds = round((clock.monotonic() - began) * 1000)
    g.membership = workspaces.membership(this_person().id, workspace.slug)
    return _result(reply, body, request_id, milliseconds)


def _call(form: PromptForm) -> Call:
    prompt = (form.prompt.data or "").strip()
    if not prompt:
        raise Invalid("Enter a prompt.", "prompt")
    if len(prompt) > MAX_TEXT_LENGTH:
        raise Invalid(f"Prompts can have up to {MAX_TEXT_LENGTH:,} characters.", "prompt")
    messages = [{"role": "user", "content": prompt}]
    document = {"model": (form.model.data or "").strip(), "messages": messages}
    return calls.read(ROUTE, json.dumps(document).encode(), {})


def _result(reply: Reply, body: bytes, request_id: str, milliseconds: int) -> PromptResult:
    headers = {name: reply.headers.get(f"x-mevichat-{name}", "") for name in _HEADERS}
    provider = headers["provider"]
    facts: dict[str, Any] = {
        "request_id": request_id,
        "milliseconds": milliseconds,
        "provider": routing_text.provider_name(provider) if provider else "",
        "key": routing_text.key_words(headers["key-source"], provider),
        "attempts": headers["attempts"],
    }
    try:
        document = parse_object(body)
        if problem := text_at(document, "error", "message"):
            return PromptResult(**facts, problem=problem)
        response = FORMATS[ROUTE].read_answer(document)
    except Malformed:
        return PromptResult(**facts, problem="The provider sent an incomplete answer.")
    return PromptResult(**facts, text=response.text, usage=response.usage)


_HEADERS = ("provider", "key-source", "attempts")
