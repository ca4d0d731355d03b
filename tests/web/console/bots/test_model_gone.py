"""A bot whose model has left the catalogue: it says so where it is shown, and breaks no page and no answer."""

import pytest
from sqlalchemy import update

from core.accounts.actor import OPERATOR
from core.bots import bots
from core.bots.answers import failure_messages
from core.bots.answers.failure_messages import FAILURE_SENTENCE
from core.bots.models import Bot
from core.db import session, transaction
from tests.bot_client import BotClient, make_bot, make_key, used
from tests.routes import routes, set_stage
from tests.web.test_hostile_input import FORMS

GONE = "anthropic:claude-2"
TOLD = f"The model {GONE} is no longer available. Choose another one in the bot’s settings."
FORM = {"name": "Support", "visitor_limit": "0", "address_limit": "0", "daily_limit": "0"}


def leave_on(bot: Bot, model_id: str) -> None:
    """As an earlier release, whose catalogue had that model, left it."""
    with transaction() as current:
        current.execute(update(Bot).where(Bot.id == bot.id).values(model_id=model_id))
    session().expire_all()


@pytest.fixture
def gone(cast):
    make_key(cast.workspace)
    bot = make_bot(cast.workspace)
    leave_on(bot, GONE)
    return bot


def now(bot: Bot) -> Bot:
    session().rollback()
    session().expire_all()
    return bots.get(bot.workspace_id, bot.id)


@pytest.mark.parametrize(
    "model_id", [GONE, "nobody:model-1", "mevichat:maxi", "a name without a colon"]
)
def test_every_address_answers(app, cast, signed_in, model_id):
    stage, owner, broken = set_stage(app, cast.workspace), signed_in("owner"), {}
    leave_on(stage.bot, model_id)
    client, headers = app.test_client(), stage.bot_client.headers()
    for route in routes(app):
        url = route.url(stage.values)
        if route.is_api:
            sent = {"json": {"text": "Hello", "thumb": 1}} if route.method == "POST" else {}
            answer = client.open(url, method=route.method, headers=headers, **sent)
        elif route.method == "GET":
            answer = owner.get(url)
        else:
            answer = owner.post(url, FORMS[route.endpoint])
        if answer.status_code >= 500:
            broken[f"{route.method} {route.endpoint}"] = answer.status_code
    assert not broken


def test_visitors_read_the_graceful_sentence_and_the_owner_the_reason(app, cast, gone, provider):
    bot_client = BotClient(app, gone)
    reply = bot_client.say("Do keep this")
    assert reply.events[-1][1] == {
        "code": "answer_failed",
        "message": FAILURE_SENTENCE,
        "status": "failed",
    }
    assert reply.row.failure == "model_gone"
    assert not provider.chats
    assert used(cast.workspace) == 0
    leave_on(gone, "anthropic:claude-haiku-4-5")
    assert bot_client.retry(reply.message_id).last == "done"


def test_the_console_says_it_and_shows_the_way(app, gone, signed_in):
    bot_client = BotClient(app, gone)
    bot_client.say("Hello")
    admin, settings = signed_in("admin"), f"/w/acme/bots/{gone.id}/settings"
    for url in ("/w/acme", "/w/acme/usage", "/w/acme/bots", f"/w/acme/bots/{gone.id}"):
        assert TOLD in admin.get(url).text, url
    assert TOLD in admin.get(f"/w/acme/conversations/{bot_client.conversation_id}").text
    assert f'href="{settings}">Open settings</a>' in admin.get(f"/w/acme/bots/{gone.id}").text
    page = admin.get(settings).text
    assert f'value="{GONE}" aria-describedby="model-1-about" checked' in page
    assert "No longer available, so this bot can’t answer." in page


def test_a_bot_that_is_off_needs_no_act(gone, signed_in):
    bots.set_enabled(gone, False, OPERATOR)
    assert TOLD not in signed_in("admin").get("/w/acme").text


def test_it_can_be_kept_while_other_things_change_and_be_left_for_another(gone, signed_in):
    admin, settings = signed_in("admin"), f"/w/acme/bots/{gone.id}/settings"
    assert admin.post(settings, FORM | {"name": "Help", "model": GONE}).status_code == 303
    assert (now(gone).name, now(gone).model_id, now(gone).model) == ("Help", GONE, None)
    refused = admin.post(settings, FORM | {"model": "anthropic:claude-1"})
    assert refused.status_code == 422
    assert "There is no model “anthropic:claude-1”" in refused.text
    assert admin.post(settings, FORM | {"model": "mevichat:mini"}).status_code == 303
    assert now(gone).model_id == "mevichat:mini"
    assert admin.post(settings, FORM | {"model": GONE}).status_code == 422
    assert GONE not in admin.get(settings).text


def test_no_new_bot_can_be_on_it(gone, signed_in):
    admin = signed_in("admin")
    assert GONE not in admin.get("/w/acme/bots/new").text.partition("<main")[2]
    assert admin.post("/w/acme/bots/new", FORM | {"model": GONE}).status_code == 422


def test_a_change_of_plan_can_take_it_to_mini(gone, signed_in):
    owner = signed_in("owner")
    assert "Support" in owner.get("/w/acme/plan/scale").text.partition("Switch it to Mini")[0]
    owner.post("/w/acme/plan/scale", {"seen": "pro", "to_mini": "yes"})
    assert now(gone).model_id == "mevichat:mini"
    assert f"model from {GONE} to Mevichat Mini" in owner.get("/w/acme/audit-log").text


def test_a_key_that_is_deleted_does_not_silence_it_again(gone, cast):
    assert bots.names_answering_through(cast.workspace.id, "anthropic") == []
    assert failure_messages.names(GONE)[0] == GONE
