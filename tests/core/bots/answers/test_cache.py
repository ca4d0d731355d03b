"""The cache of first answers, on both databases: what is found by what, and what ends it."""

import json

import pytest

from core.accounts import workspaces
from core.accounts.actor import OPERATOR
from core.bots import bots, plan_change, visitors
from core.bots import deletion as bot_deletion
from core.bots.answers import cache, turns
from core.bots.bots import Draft
from core.bots.models import CachedAnswer
from core.db import session, transaction
from core.knowledge import indexing, sources
from core.plans import plan
from tests.bot_client import UNBOUNDED, BotClient, make_bot, make_key, used
from tests.core.bots.conftest import finish, row_of
from tests.databases import on_both_databases
from tests.providers import Reply
from tests.threads import at_once

CACHING = {"caches": True}


@pytest.fixture
def bot(workspace):
    return make_bot(workspace, **CACHING)


def kept() -> list[CachedAnswer]:
    session().commit()
    session().expire_all()
    return session().query(CachedAnswer).order_by(CachedAnswer.bot_version).all()


def change(bot, **values) -> None:
    bots.change(
        bot.workspace, bot, Draft(name="Support", **(UNBOUNDED | CACHING | values)), OPERATOR
    )


def test_the_same_first_question_is_answered_from_the_cache(app, workspace, bot, provider):
    provider.next(Reply.answer("Two days.", tokens_in=9, tokens_out=2))
    first = BotClient(app, bot).say("How long is shipping?")
    again = BotClient(app, bot).say("  how LONG is\nshipping ?! ")
    assert len(provider.chats) == 1
    assert (again.text, again.last) == ("Two days.", "done")
    assert again.events[-1][1]["usage"] == {"tokens_in": None, "tokens_out": None}
    assert (first.row.cached, again.row.cached) == (False, True)
    assert (again.row.status, again.row.tokens_in, again.row.key_id) == ("complete", None, None)
    assert used(workspace) == 2
    assert [answer.hits for answer in kept()] == [1]


def test_json_and_the_list_of_messages_tell_the_cached_answer_too(app, bot, provider):
    provider.next(Reply.answer("Two days."))
    BotClient(app, bot).say("How long?")
    bot_client = BotClient(app, bot)
    answer = bot_client.ask_json("how long")
    assert (answer.status_code, answer.json["text"]) == (200, "Two days.")
    assert bot_client.messages()[-1]["text"] == "Two days."
    assert bot_client.events(answer.json["message_id"]).text == "Two days."


def streamed(*choices) -> Reply:
    """A stream of such choices, to its `[DONE]`."""
    events = [f"data: {json.dumps({'choices': [choice]})}\n\n" for choice in choices]
    body = "".join([*events, "data: [DONE]\n\n"]).encode()
    return Reply.status(200, body=body).with_headers({"content-type": "text/event-stream"})


@pytest.mark.parametrize("word", ["error", "network_error", "abort", "a_word_of_tomorrow"])
def test_an_answer_that_its_provider_broke_off_is_neither_whole_nor_kept_nor_counted(
    app, workspace, bot, provider, word
):
    choices = [{"delta": {"content": "Two "}}, {"delta": {}, "finish_reason": word}]
    provider.next(streamed(*choices))
    answer = BotClient(app, bot).say("How long?")
    assert (answer.text, answer.last) == ("Two ", "error")
    assert (answer.row.status, answer.row.failure) == ("interrupted", "unavailable")
    assert (kept(), used(workspace)) == ([], 0)


def test_a_visitor_reads_what_a_model_refuses_in(app, bot, provider):
    choices = [{"delta": {"refusal": "I can't."}}, {"delta": {}, "finish_reason": "stop"}]
    provider.next(streamed(*choices))
    answer = BotClient(app, bot).say("How?")
    assert (answer.text, answer.row.status) == ("I can't.", "complete")


def test_a_later_question_is_neither_kept_nor_found(app, bot, provider):
    BotClient(app, bot).say("Hello")
    bot_client = BotClient(app, bot)
    bot_client.say("Something else")
    bot_client.say("Hello")
    assert len(provider.chats) == 3
    assert len(kept()) == 2


def test_what_failed_is_not_kept_and_leaves_the_next_question_a_first_one(app, bot, provider):
    provider.next(Reply.cut(after_chunks=2))
    bot_client = BotClient(app, bot)
    bot_client.say("Hello")
    assert kept() == []
    bot_client.say("Hello")
    assert len(kept()) == 1


@pytest.mark.parametrize(
    "values",
    [
        {"instructions": "Be brief."},
        {"model": "claude-haiku-4-5"},
        {"welcome": "Hi"},
        {"name": "Help"},
    ],
)
def test_any_change_of_the_bot_ends_what_was_cached(app, workspace, bot, provider, values):
    make_key(workspace)
    BotClient(app, bot).say("Hello")
    bots.change(
        workspace, bot, Draft(**({"name": "Support"} | UNBOUNDED | CACHING | values)), OPERATOR
    )
    assert not BotClient(app, bot).say("Hello").row.cached
    assert BotClient(app, bot).say("Hello").row.cached
    assert len(provider.chats) == 2


def test_a_change_of_what_the_bot_knows_ends_it_too(app, bot, provider):
    BotClient(app, bot).say("Hello")
    with transaction() as current:
        bots.raise_version(current, bot.id)
    assert not BotClient(app, bot).say("Hello").row.cached


def test_saving_the_same_settings_ends_nothing(app, bot, provider):
    BotClient(app, bot).say("Hello")
    change(bot)
    assert BotClient(app, bot).say("Hello").row.cached


def test_a_move_to_mini_with_the_plan_ends_it(app, workspace, provider):
    make_key(workspace)
    bot = make_bot(workspace, "claude-haiku-4-5", **CACHING)
    BotClient(app, bot).say("Hello")
    plan_change.change(workspace, plan("free"), "pro", to_mini=True, actor=OPERATOR)
    reply = BotClient(app, bot).say("Hello")
    assert (reply.row.cached, reply.row.provider) == (False, "mevichat")


def test_a_bot_that_the_plan_blocks_does_not_answer_from_its_cache(app, workspace, provider):
    make_key(workspace)
    bot = make_bot(workspace, "claude-haiku-4-5", **CACHING)
    BotClient(app, bot).say("Hello")
    workspaces.set_plan(workspace, "free", OPERATOR)
    assert BotClient(app, bot).say("Hello").row.failure == "model_not_on_plan"


def test_switched_off_it_is_neither_read_nor_written(app, workspace, bot, provider):
    BotClient(app, bot).say("Hello")
    change(bot, caches=False)
    assert not BotClient(app, bot).say("Hello").row.cached
    assert len(kept()) == 1
    change(bot)
    assert not BotClient(app, bot).say("Hello").row.cached


def test_another_bots_answers_are_its_own(app, workspace, bot, provider):
    BotClient(app, bot).say("Hello")
    assert not BotClient(app, make_bot(workspace, name="Other", **CACHING)).say("Hello").row.cached


def test_a_bot_changed_in_mid_answer_keeps_it_for_the_version_it_was(app, bot, conversation):
    """What was made by the old settings is never found under the new ones."""
    turn = turns.accept(conversation, "Hello")
    question = cache.first_question(bot, turn.answer)
    change(bot, instructions="Be brief.")
    with transaction() as current:
        cache.keep(current, question, "Old", [])
    now = bots.get(bot.workspace_id, bot.id)
    assert cache.find(cache.first_question(now, turn.answer)) is None


@on_both_databases
def test_many_that_ask_at_once_keep_one_answer(app, bot, provider):
    talkers = [BotClient(app, bot) for _ in range(12)]
    reply = at_once(12, lambda number: talkers[number].say("Hello").last)
    assert reply == ["done"] * 12
    assert len(kept()) == 1


@on_both_databases
def test_what_earlier_versions_said_is_removed(workspace, bot):
    other = make_bot(workspace, name="Other")
    with transaction() as current:
        for version in (bot.version - 1, bot.version, bot.version + 1):
            cache.keep(current, cache.FirstQuestion(bot.id, version, "a" * 64), "Text", [])
        cache.keep(current, cache.FirstQuestion(other.id, other.version, "a" * 64), "Text", [])
    assert cache.prune() == 2
    assert {answer.bot_version for answer in kept()} == {bot.version}
    assert len(kept()) == 2
    assert cache.prune() == 0


def test_what_is_a_month_old_is_removed(bot, shift_clock):
    with transaction() as current:
        cache.keep(current, cache.FirstQuestion(bot.id, bot.version, "a" * 64), "Text", [])
    shift_clock(cache.TTL - cache.timedelta(minutes=1))
    assert cache.prune() == 0
    shift_clock(cache.TTL + cache.timedelta(minutes=1))
    assert cache.prune() == 1


def test_a_deleted_bot_takes_its_cached_answers_along(app, bot, provider):
    BotClient(app, bot).say("Hello")
    bot_deletion.remove(bot, OPERATOR)
    bot_deletion.clear(bot.id)
    assert kept() == []


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Hello", "hello", True),
        ("Hello?", "Hello", True),
        ("Hello  there", " hello\tthere\n", True),
        ("Straße", "STRASSE", True),
        ("ＦＵＬＬ", "full", True),
        ("Wo?!…", "wo", True),
        ("Wo？", "wo", True),
        ("???", "???", True),
        ("???", "!!!", False),
        ("C++", "C", False),
        ("no, thanks", "no thanks", False),
        ("Price of 1.5", "Price of 15", False),
        ("¿Hola?", "Hola", False),
    ],
)
def test_which_questions_are_the_same(one, other, same):
    assert (cache.digest_of(one) == cache.digest_of(other)) == same


def test_a_repeated_client_id_hits_the_cache_once(app, workspace, bot, provider):
    BotClient(app, bot).say("Hello")
    bot_client = BotClient(app, bot)
    for _ in range(3):
        bot_client.say("Hello", client_message_id="c-1")
    assert kept()[0].hits == 1
    assert used(workspace) == 2


def test_the_visitors_own_words_are_kept_on_the_row(app, bot, conversation):
    turn = turns.accept(conversation, "HELLO ?")
    finish(turn)
    assert row_of(turn).cached is False
    other, _ = visitors.open_conversation(bot, "secret")
    assert turns.accept(other, "hello").answer.status == "pending"


def test_a_new_source_ends_what_was_cached(app, workspace, bot, provider):
    """Through knowledge's own verb, joined to the bot's version in `create_app`."""
    BotClient(app, bot).say("Hello")
    source = sources.add_text(workspace, bot.id, "Shipping", "Shipping takes two days.", OPERATOR)
    indexing.run(source.id, source.attempt)
    assert not BotClient(app, bot).say("Hello").row.cached
    sources.remove(sources.get(workspace.id, source.id), OPERATOR)
    assert not BotClient(app, bot).say("Hello").row.cached
    assert BotClient(app, bot).say("Hello").row.cached
