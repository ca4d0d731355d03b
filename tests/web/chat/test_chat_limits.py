"""Limits, stop, thumbs and the cache as the endpoint, the chat page and the settings tell them."""

import pytest

from core import clock
from core.accounts import workspaces
from core.bots import bots
from core.bots.models import Message
from core.db import session
from tests.bot_client import BotClient, make_bot, used
from tests.browser import Browser
from tests.providers import Reply

NOON_SECONDS = 20


@pytest.fixture
def workspace(cast):
    return cast.workspace


@pytest.fixture(autouse=True)
def early_in_the_minute(app):
    """Else a minute may turn between two messages of a test."""
    now = clock.now()
    clock.shift(now.replace(second=NOON_SECONDS, microsecond=0) - now)


def test_over_a_limit_nothing_is_stored_asked_or_counted(app, workspace, provider):
    bot_client = BotClient(app, make_bot(workspace, visitor_limit=1))
    bot_client.say("One")
    refused = bot_client.post("/messages", {"text": "Two"})
    assert refused.status_code == 429
    error = refused.json["error"]
    assert error["code"] == "too_many_messages"
    assert 0 < int(refused.headers["Retry-After"]) <= 60
    for word in ("plan", "quota", "key", "provider"):
        assert word not in error["message"].lower()
    assert [message["text"] for message in bot_client.messages()][::2] == ["One"]
    assert len(provider.chats) == 1
    assert used(workspace) == 1


def test_a_retry_is_limited_too(app, workspace, provider):
    bot_client = BotClient(app, make_bot(workspace, visitor_limit=2))
    provider.next(Reply.status(500), times=2)
    reply = bot_client.say()
    assert bot_client.retry(reply.message_id).status == 200
    assert bot_client.post(f"/messages/{reply.message_id}/retry").status_code == 429
    assert session().get_one(Message, reply.message_id).attempt == 2


def test_a_repeated_client_id_is_answered_over_the_limit_too(app, workspace, provider):
    bot_client = BotClient(app, make_bot(workspace, visitor_limit=1))
    first = bot_client.say("One", client_message_id="c-1")
    again = bot_client.say("One", client_message_id="c-1")
    assert (again.message_id, again.text) == (first.message_id, first.text)
    other = bot_client.post("/messages", {"text": "Two", "client_message_id": "c-2"})
    assert other.status_code == 429


def test_reading_stopping_and_thumbs_are_not_limited(app, workspace):
    bot_client = BotClient(app, make_bot(workspace, visitor_limit=1))
    reply = bot_client.say()
    assert bot_client.post("/messages", {"text": "Two"}).status_code == 429
    assert len(bot_client.messages()) == 2
    assert bot_client.stop(reply.message_id).status_code == 200
    assert thumb(bot_client, reply.message_id, 1).status_code == 200


def test_opening_conversations_is_limited_by_address(app, workspace):
    bot = make_bot(workspace, address_limit=2)
    url = f"/v1/bots/{bot.id}/conversations"
    client = app.test_client()
    assert [client.post(url).status_code for _ in range(3)] == [201, 201, 429]


def test_a_page_of_an_allowed_site_may_read_when_to_come_back(app, workspace):
    site = "https://shop.example"
    bot = make_bot(workspace, visitor_limit=1, allowed_origins=(site,))
    bot_client = BotClient(app, bot)
    bot_client.say()
    headers = bot_client.headers() | {"Origin": site}
    refused = bot_client.client.post(
        f"{bot_client.url}/messages", json={"text": "x"}, headers=headers
    )
    assert refused.status_code == 429
    assert refused.headers["Access-Control-Allow-Origin"] == site
    assert "Retry-After" in refused.headers["Access-Control-Expose-Headers"]


@pytest.mark.parametrize(
    ("hops", "forwarded", "counted_apart"),
    [
        (0, ("203.0.113.1", "203.0.113.2"), False),
        (1, ("203.0.113.1", "203.0.113.2"), True),
        (1, ("198.51.100.1, 203.0.113.9", "198.51.100.2, 203.0.113.9"), False),
    ],
)
def test_an_address_is_what_trusted_proxies_say(
    chosen, app, workspace, hops, forwarded, counted_apart
):
    """What a visitor writes into the header themselves, before the trusted ones, counts for nothing."""
    from werkzeug.middleware.proxy_fix import ProxyFix

    if hops:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops)
    bot = make_bot(workspace, address_limit=1)
    url, client = f"/v1/bots/{bot.id}/conversations", app.test_client()
    found = [
        client.post(url, headers={"X-Forwarded-For": address}).status_code for address in forwarded
    ]
    assert found == [201, 201 if counted_apart else 429]


def test_the_chat_page_keeps_what_was_written_and_says_when_there_is_room(app, workspace):
    bot = make_bot(workspace, daily_limit=1, limit_text="Enough for today.")
    browser = Browser(app)
    browser.post(f"/chat/{bot.id}/messages", {"text": "One"})
    page = browser.post(f"/chat/{bot.id}/messages", {"text": "Do keep this"})
    assert page.status_code == 429
    assert "Enough for today. Try again in" in page.text
    assert ">Do keep this</textarea>" in page.text
    assert int(page.headers["Retry-After"]) <= 86_400


def thumb(bot_client, message_id, value):
    return bot_client.post(f"/messages/{message_id}/feedback", {"thumb": value}, "application/json")


def test_a_thumb_is_kept_changed_and_taken_back(app, workspace):
    bot_client = BotClient(app, make_bot(workspace))
    reply = bot_client.say()
    for value, kept in ((1, 1), (-1, -1), (-1, -1), (0, None)):
        assert thumb(bot_client, reply.message_id, value).json["thumb"] == value
        assert reply.row.feedback == kept
        assert bot_client.messages()[-1]["thumb"] == value


@pytest.mark.parametrize("value", [None, True, 2, -2, "1", 1.0, [], {}])
def test_what_is_no_thumb_is_refused(app, workspace, value):
    bot_client = BotClient(app, make_bot(workspace))
    reply = bot_client.say()
    assert thumb(bot_client, reply.message_id, value).status_code == 422
    assert reply.row.feedback is None


def test_only_a_complete_answer_of_this_conversation_has_a_thumb(app, workspace, provider):
    bot = make_bot(workspace)
    bot_client, other = BotClient(app, bot), BotClient(app, bot)
    reply = bot_client.say()
    assert thumb(other, reply.message_id, 1).status_code == 404
    provider.next(Reply.status(500))
    failed = bot_client.say()
    assert thumb(bot_client, failed.message_id, 1).status_code == 409
    question = bot_client.messages()[0]["id"]
    assert thumb(bot_client, question, 1).status_code == 404


def test_a_retry_forgets_the_thumb_of_what_it_replaces(app, workspace, provider):
    bot_client = BotClient(app, make_bot(workspace))
    provider.next(Reply.cut(after_chunks=1))
    reply = bot_client.say()
    bot_client.retry(reply.message_id)
    assert thumb(bot_client, reply.message_id, 1).status_code == 200
    assert bot_client.retry(reply.message_id).row.feedback == 1


FORM = {
    "name": "Support", "model": "mevichat:mini", "visitor_limit": "7", "address_limit": "1,000",
    "daily_limit": "0", "limit_text": "  Slowly,   please. ", "caches": "y",
}  # fmt: skip


def test_a_bots_limits_and_cache_are_set_by_its_form(app, workspace, signed_in):
    bot = make_bot(workspace)
    owner = signed_in("owner")
    url = f"/w/acme/bots/{bot.id}/settings"
    assert owner.post(url, FORM).status_code == 303
    now = fresh(workspace, bot)
    assert (now.visitor_limit, now.address_limit, now.daily_limit) == (7, 1_000, 0)
    assert (now.limit_text, now.caches) == ("Slowly, please.", True)
    page = owner.get(url)
    assert 'name="visitor_limit" type="text" value="7"' in page.text
    without = {name: text for name, text in FORM.items() if name != "caches"}
    assert owner.post(url, without).status_code == 303
    assert fresh(workspace, bot).caches is False


@pytest.mark.parametrize(
    ("field", "written", "expected"),
    [
        ("visitor_limit", "many", "messages per visitor per minute as a whole number"),
        ("address_limit", "-1", "messages per IP address per hour as a whole number"),
        ("daily_limit", "", "messages per day for this bot as a whole number"),
        ("limit_text", "x" * 301, "can have 0 to 300 characters; this has 301"),
    ],
)
def test_what_is_no_limit_is_said_beside_its_field(
    app, workspace, signed_in, field, written, expected
):
    bot = make_bot(workspace, visitor_limit=3)
    url = f"/w/acme/bots/{bot.id}/settings"
    page = signed_in("admin").post(url, FORM | {field: written})
    assert page.status_code == 422
    assert expected in page.text
    assert f'id="{field}-error"' in page.text
    assert fresh(workspace, bot).visitor_limit == 3


def test_a_new_bot_has_the_usual_limits(app, workspace, signed_in):
    made = {"name": "Usual", "model": "mevichat:mini", "caches": "y"}
    assert signed_in("admin").post("/w/acme/bots/new", made).status_code == 303
    (bot,) = bots.bots_of(workspace.id)
    assert (bot.visitor_limit, bot.address_limit, bot.daily_limit, bot.caches) == (20, 120, 0, True)


def fresh(workspace, bot):
    session().commit()
    session().expire_all()
    return bots.get(workspace.id, bot.id)


@pytest.mark.parametrize(("written", "status"), [("0", 303), ("60", 303), ("lots", 422), ("", 422)])
def test_the_workspaces_minute_is_set_in_its_settings(workspace, signed_in, written, status):
    page = signed_in("owner").post("/w/acme/settings/minute-limit", {"minute_limit": written})
    assert page.status_code == status
    session().commit()
    session().expire_all()
    kept = workspaces.by_slug("acme").minute_limit
    assert kept == (int(written) if status == 303 else 0)
    if status == 422:
        assert "as a whole number from 0 to 1,000,000" in page.text


def test_a_member_reads_the_workspaces_limit(workspace, signed_in):
    signed_in("owner").post("/w/acme/settings/minute-limit", {"minute_limit": "60"})
    assert "accept 60 messages per minute" in signed_in("member").get("/w/acme/settings").text
