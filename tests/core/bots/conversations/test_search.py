"""Finding conversations, on both databases: every filter, in steps that together find each exactly once."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from core import clock
from core.bots import visitors
from core.bots.answers import turns
from core.bots.answers.failure_messages import Reason
from core.bots.conversations import deletion as conversation_deletion
from core.bots.conversations import search as conversation_search
from core.bots.conversations.search import ConversationFilter, Cursor
from core.bots.models import Conversation, Message
from core.db import session, transaction
from tests.bot_client import make_bot
from tests.core.bots.conftest import fail, finish, say
from tests.databases import on_both_databases


def talk(bot, *texts: str, origin: str = ""):
    conversation, _ = visitors.open_conversation(bot, "secret", origin)
    for text in texts or ("Hello",):
        say(conversation, text, f"About {text}.")
    return conversation


def moved(conversation, **ago) -> None:
    """As if its last message had come that long ago."""
    with transaction() as current:
        of_this = update(Conversation).where(Conversation.id == conversation.id)
        current.execute(of_this.values(last_message_at=clock.now() - timedelta(**ago)))


def found(workspace, **wanted) -> list[str]:
    return conversation_search.step(ConversationFilter(workspace.id, **wanted)).ids


def changed(message: Message, **values) -> None:
    with transaction() as current:
        current.execute(update(Message).where(Message.id == message.id).values(**values))


@on_both_databases
def test_newest_first_over_all_bots_or_turned_round(workspace, bot):
    other = make_bot(workspace, name="Other")
    talks = [talk(bot), talk(other), talk(bot)]
    for number, conversation in enumerate(talks):
        moved(conversation, hours=number)
    newest_first = [conversation.id for conversation in talks]
    assert found(workspace) == newest_first
    assert found(workspace, oldest_first=True) == newest_first[::-1]
    assert found(workspace, bot_id=bot.id) == [talks[0].id, talks[2].id]
    assert found(workspace, bot_id="bot_0") == []


@on_both_databases
@pytest.mark.parametrize("oldest_first", [False, True])
@pytest.mark.parametrize("size", [1, 2, 6, 7, 8])
def test_steps_find_each_conversation_once(workspace, bot, size, oldest_first):
    """Also those of one moment: three of seven were written to at the same time."""
    talks = [talk(bot) for _ in range(7)]
    moment = clock.now()
    with transaction() as current:
        for number, conversation in enumerate(talks):
            at = moment - timedelta(minutes=max(0, number - 2))
            of_this = update(Conversation).where(Conversation.id == conversation.id)
            current.execute(of_this.values(last_message_at=at))
    met, after = [], None
    while True:
        step = conversation_search.step(
            ConversationFilter(workspace.id, oldest_first=oldest_first), after, size
        )
        assert len(step.ids) <= size
        met += step.ids
        if (after := step.next) is None:
            break
    assert sorted(met) == sorted(conversation.id for conversation in talks)
    newest_first = met[::-1] if oldest_first else met
    assert newest_first[3:] == [conversation.id for conversation in talks[3:]]


@on_both_databases
def test_words_are_looked_for_in_questions_and_answers(workspace, bot):
    lamp, sofa = talk(bot, "Do you repair LAMPS?"), talk(bot, "100% wool_sofa")
    assert found(workspace, text="lamps") == [lamp.id]
    assert found(workspace, text="about do you") == [lamp.id]
    assert found(workspace, text="100%") == [sofa.id]
    assert found(workspace, text="wool_") == [sofa.id]
    assert found(workspace, text="1%0") == found(workspace, text="woo__sofa") == []
    assert found(workspace, text="\\") == found(workspace, text="'; --") == []


@on_both_databases
def test_what_became_of_it(workspace, bot):
    plain, failed, stopped = talk(bot), talk(bot), talk(bot)
    up, down, cached, unknown = (talk(bot) for _ in range(4))
    fail(turns.accept(failed, "Again"))
    changed(say(stopped), status="interrupted", failure=Reason.stopped.value)
    for conversation, thumb in ((up, 1), (down, -1)):
        changed(say(conversation), feedback=thumb)
    changed(say(cached), cached=True, latency_ms=None)
    changed(say(unknown), latency_ms=None)
    assert found(workspace, state="failed") == [failed.id]
    assert found(workspace, state="up") == [up.id]
    assert found(workspace, state="down") == [down.id]
    assert found(workspace, state="cached") == [cached.id]
    assert found(workspace, state="unanswered") == [unknown.id]
    assert plain.id in found(workspace)


@on_both_databases
def test_days_and_origin(workspace, bot):
    shop, blog = talk(bot, origin="https://shop.example"), talk(bot, origin="https://blog.example")
    moved(blog, days=2)
    now, day = clock.now(), timedelta(days=1)
    assert found(workspace, origin="https://shop.example") == [shop.id]
    assert found(workspace, since=now - day) == [shop.id]
    assert found(workspace, until=now - day) == [blog.id]
    assert found(workspace, since=now - 3 * day, until=now + day) == [shop.id, blog.id]


@on_both_databases
def test_a_bound_is_the_first_moment_inside_and_the_first_outside(workspace, bot):
    conversation = talk(bot)
    moment = session().scalar(
        Conversation.__table__.select()
        .with_only_columns(Conversation.last_message_at)
        .where(Conversation.id == conversation.id)
    )
    tick = timedelta(microseconds=1)
    assert found(workspace, since=moment) == [conversation.id]
    assert found(workspace, since=moment + tick) == []
    assert found(workspace, until=moment) == []
    assert found(workspace, until=moment + tick) == [conversation.id]


@on_both_databases
@pytest.mark.parametrize("span", [1, 2, 3, 100])
def test_a_step_looks_at_no_more_than_a_span_and_says_how_far_it_got(
    workspace, bot, monkeypatch, span
):
    monkeypatch.setattr(conversation_search, "SPAN", span)
    rare = talk(bot, "A rare word")
    moved(rare, days=9)
    for number in range(4):
        moved(talk(bot), hours=number + 1)
    steps, after, met = 0, None, []
    while True:
        step = conversation_search.step(ConversationFilter(workspace.id, text="rare"), after)
        steps, met = steps + 1, met + step.ids
        if (after := step.next) is None:
            break
        assert not step.full
    assert met == [rare.id]
    assert steps == 5 // span + 1
    assert conversation_search.count(ConversationFilter(workspace.id, text="rare")) == 1


def test_nothing_is_found_in_other_workspaces_or_among_those_that_nobody_wrote_in(workspace, bot):
    visitors.open_conversation(bot, "secret")
    assert found(workspace) == []
    conversation = talk(bot)
    assert conversation_search.step(ConversationFilter("wsp_0", bot_id=bot.id)).ids == []
    assert found(workspace) == [conversation.id]


def test_more_bots_than_one_query_merges_are_found_all_the_same(workspace, bot, monkeypatch):
    other = make_bot(workspace, name="Other")
    talks = {talk(bot).id, talk(other).id}
    monkeypatch.setattr(conversation_search, "MOST_BOTS", 1)
    assert set(found(workspace)) == talks


def test_a_cursor_at_something_that_is_gone_still_leads_on(workspace, bot):
    older, newer = talk(bot), talk(bot)
    moved(older, days=1)
    step = conversation_search.step(ConversationFilter(workspace.id), size=1)
    assert step.ids == [newer.id]
    assert conversation_deletion.delete_ids(step.ids, lambda *_: None) == 1
    assert conversation_search.step(ConversationFilter(workspace.id), step.next).ids == [older.id]
    assert conversation_search.step(
        ConversationFilter(workspace.id), Cursor(clock.now(), "")
    ).ids == [older.id]


def test_an_answer_in_the_making_is_neither_failed_nor_unknown(workspace, conversation):
    turn = turns.accept(conversation, "Hello")
    assert found(workspace, state="failed") == found(workspace, state="unanswered") == []
    finish(turn)
    assert found(workspace) == [conversation.id]
