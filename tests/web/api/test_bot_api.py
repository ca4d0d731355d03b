"""The bot endpoint: a talk that goes well, in both formats, and every way of going on with it."""

import pytest

from core.accounts.actor import OPERATOR
from tests.bot_client import BotClient, make_bot, make_key, used
from tests.providers import Reply

MODELS = ["mevichat:mini", "anthropic:claude-haiku-4-5", "openai:gpt-5-mini"]


@pytest.fixture
def workspace(cast):
    make_key(cast.workspace, "anthropic")
    make_key(cast.workspace, "openai")
    return cast.workspace


@pytest.mark.parametrize("model", MODELS)
def test_an_answer_streams_and_is_kept_with_its_tokens(app, workspace, provider, model):
    provider.next(Reply.answer("Good morning to you.", tokens_in=11, tokens_out=5))
    bot_client = BotClient(app, make_bot(workspace, model))
    reply = bot_client.say("Good morning")
    assert [name for name, _ in reply.events[:1]] == ["message"]
    assert reply.text == "Good morning to you."
    assert reply.events[-1] == (
        "done",
        {"status": "complete", "usage": {"tokens_in": 11, "tokens_out": 5}},
    )
    row = reply.row
    assert (row.status, row.text, row.tokens_in, row.tokens_out) == ("complete", reply.text, 11, 5)
    assert row.provider == model.partition(":")[0]
    assert row.latency_ms and row.first_token_ms
    assert used(workspace) == 1


def test_json_on_request(app, workspace, provider):
    provider.next(Reply.answer("Yes.", tokens_in=3, tokens_out=1))
    answer = BotClient(app, make_bot(workspace, MODELS[1])).ask_json()
    assert answer.status_code == 200
    assert answer.json["status"] == "complete"
    assert answer.json["text"] == "Yes."
    assert answer.json["usage"] == {"tokens_in": 3, "tokens_out": 1}
    assert answer.json["sources"] == []


def test_the_talk_so_far_goes_to_the_model(app, workspace, provider):
    bot_client = BotClient(app, make_bot(workspace, MODELS[2], instructions="Be kind."))
    provider.next(Reply.answer("First answer."))
    bot_client.say("First question")
    bot_client.say("Second question")
    sent = provider.calls[-1].body["messages"]
    assert [message["content"] for message in sent] == [
        "Be kind.",
        "First question",
        "First answer.",
        "Second question",
    ]


def test_a_failed_turn_is_not_part_of_the_talk(app, workspace, provider):
    bot_client = BotClient(app, make_bot(workspace, MODELS[2]))
    provider.next(Reply.status(500))
    bot_client.say("Lost question")
    bot_client.say("Next question")
    sent = [message["content"] for message in provider.calls[-1].body["messages"]]
    assert "Lost question" not in sent


def test_the_list_of_messages_is_the_conversation(app, workspace, provider):
    bot_client = BotClient(app, make_bot(workspace))
    bot_client.say("One")
    bot_client.say("Two")
    listed = bot_client.messages()
    assert [message["role"] for message in listed] == ["visitor", "answer"] * 2
    assert [message["text"] for message in listed[::2]] == ["One", "Two"]
    assert all(message["status"] == "complete" for message in listed)


def test_events_replay_from_the_last_event_id(app, workspace, provider):
    provider.next(Reply.answer("abc def ghi jkl"))
    bot_client = BotClient(app, make_bot(workspace))
    reply = bot_client.say()
    assert bot_client.events(reply.message_id).text == reply.text
    resumed = bot_client.events(reply.message_id, "1.4")
    assert resumed.text == reply.text[4:]
    assert resumed.last == "done"
    for junk in ("nonsense", "9.4", "1.-4", "1.end", "1." + "9" * 40):
        assert bot_client.events(reply.message_id, junk).last == "done"


def test_a_repeated_client_id_is_the_same_message(app, workspace, provider):
    bot_client = BotClient(app, make_bot(workspace))
    first = bot_client.say("Hello", client_message_id="c-1")
    again = bot_client.say("Hello", client_message_id="c-1")
    assert again.message_id == first.message_id
    assert again.text == first.text
    assert len(provider.calls) == 1
    assert used(workspace) == 1
    other_text = bot_client.post("/messages", {"text": "Other", "client_message_id": "c-1"})
    assert other_text.status_code == 409


def test_a_bot_that_is_off_says_only_that(app, workspace):
    from core.bots import bots

    bot = make_bot(workspace)
    bot_client = BotClient(app, bot)
    bots.set_enabled(bot, False, OPERATOR)
    answer = bot_client.post("/messages", {"text": "Hello"})
    assert answer.status_code == 403
    assert answer.json["error"]["code"] == "bot_off"


def test_only_allowed_origins_may_call(app, workspace):
    bot = make_bot(workspace, allowed_origins=("https://shop.example",))
    client = app.test_client()
    url = f"/v1/bots/{bot.id}/conversations"
    for origin, status in (
        ("https://shop.example", 201),
        ("http://localhost", 201),
        ("https://shop.example.evil.example", 403),
        ("http://shop.example", 403),
        ("null", 403),
    ):
        answer = client.post(url, headers={"Origin": origin})
        assert answer.status_code == status, origin
    allowed = client.post(url, headers={"Origin": "https://shop.example"})
    assert allowed.headers["Access-Control-Allow-Origin"] == "https://shop.example"
    assert "Access-Control-Allow-Origin" not in client.post(url).headers


def test_a_stream_is_not_buffered_or_changed_by_proxies(app, workspace):
    answer = BotClient(app, make_bot(workspace)).post("/messages", {"text": "Hello"})
    assert answer.mimetype == "text/event-stream"
    assert answer.headers["X-Accel-Buffering"] == "no"
    assert "no-transform" in answer.headers["Cache-Control"]
