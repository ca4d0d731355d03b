"""Deleting conversations and keeping them for a time, on both databases: all of them, in small steps."""

import time
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.engine import Engine

from core import clock, queue
from core.accounts import audit, workspaces
from core.accounts.actor import OPERATOR
from core.accounts.models import Workspace
from core.bots import bots, visitors
from core.bots import deletion as bot_deletion
from core.bots.answers import turns
from core.bots.conversations import deletion as conversation_deletion
from core.bots.conversations import reading, retention
from core.bots.conversations import search as conversation_search
from core.bots.conversations.search import ConversationFilter
from core.bots.models import Bot, Conversation, Message
from core.db import session, transaction
from core.errors import Conflict, Invalid, NotFound
from core.knowledge import chunks, indexing, sources, unanswered
from core.knowledge import deletion as knowledge_deletion
from core.knowledge.chunking import Piece
from core.knowledge.models import Chunk, Source, Unanswered
from tests.bot_client import make_bot
from tests.core.bots.conftest import finish, say
from tests.core.bots.conversations.test_search import moved, talk
from tests.core.usage.conftest import counts
from tests.databases import on_both_databases
from tests.many import fill
from tests.people import make_person, make_workspace

DAYS = 30


def left(model=Conversation) -> int:
    session().commit()
    return session().scalar(select(func.count()).select_from(model)) or 0


def lines(workspace, action: str = "conversation"):
    session().commit()
    return audit.lines_of(workspace.id, action=action)


def keep_for(workspace, days: int = DAYS) -> None:
    workspaces.set_retention(workspace, days, OPERATOR)
    session().expire_all()


@on_both_databases
def test_one_conversation_goes_with_its_messages_and_its_use_stays(workspace, bot):
    gone, _kept = talk(bot, "One", "Two"), talk(bot)
    before, gone_id = counts(), gone.id
    conversation_deletion.delete_one(gone, OPERATOR)
    assert (left(), left(Message)) == (1, 2)
    assert counts() == before
    (line,) = lines(workspace)
    assert (line.action, line.subject, line.details) == (
        "conversation.deleted",
        gone_id,
        {"count": 1},
    )


@on_both_databases
def test_a_conversation_is_not_deleted_under_an_answer_that_is_being_written(
    workspace, conversation
):
    turn = turns.accept(conversation, "Hello")
    with pytest.raises(Conflict):
        conversation_deletion.delete_one(conversation, OPERATOR)
    assert (
        conversation_deletion.delete_matching(ConversationFilter(workspace.id), OPERATOR, {}) == 0
    )
    assert lines(workspace) == []
    finish(turn)
    assert (
        conversation_deletion.delete_matching(ConversationFilter(workspace.id), OPERATOR, {}) == 1
    )


@on_both_databases
def test_what_matches_is_deleted_and_nothing_else(workspace, bot):
    talk(bot, "A lamp"), talk(bot, "Another lamp"), talk(bot, "A sofa")
    other = make_workspace(make_person("bob"), "Other", "pro")
    talk(make_bot(other), "A lamp of the others")
    assert (
        conversation_deletion.delete_matching(
            ConversationFilter(workspace.id, text="lamp"), OPERATOR, {"q": "…"}
        )
        == 2
    )
    assert left() == 2
    (line,) = lines(workspace)
    assert line.details == {"count": 2, "filter": {"q": "…"}}
    assert lines(other) == []


@pytest.mark.parametrize("most", [2, 3, 4])
def test_so_many_are_deleted_at_once_and_the_rest_is_left(workspace, bot, monkeypatch, most):
    monkeypatch.setattr(conversation_deletion, "MOST_AT_ONCE", most)
    monkeypatch.setattr(conversation_deletion, "CONVERSATIONS", 1)
    for _ in range(3):
        talk(bot)
    assert conversation_deletion.delete_matching(
        ConversationFilter(workspace.id), OPERATOR, {}
    ) == min(3, most)
    assert left() == max(0, 3 - most)


@on_both_databases
def test_no_transaction_deletes_more_than_so_many_messages(workspace, bot, monkeypatch):
    monkeypatch.setattr(conversation_deletion, "ROWS", 7)
    monkeypatch.setattr(conversation_deletion, "PAUSE_SECONDS", 0)
    fill(workspace, [bot], 20)
    deleted = []

    def note(_connection, cursor, statement, *_):
        if statement.startswith("DELETE FROM messages"):
            deleted.append(cursor.rowcount)

    event.listen(Engine, "after_cursor_execute", note)
    try:
        conversation_deletion.delete_matching(ConversationFilter(workspace.id), OPERATOR, {})
    finally:
        event.remove(Engine, "after_cursor_execute", note)
    assert sum(deleted) == 80
    assert max(deleted) == 7
    assert (left(), left(Message)) == (0, 0)


@on_both_databases
def test_what_is_older_than_the_workspace_says_is_deleted(workspace, bot):
    old, young, never = talk(bot), talk(bot), visitors.open_conversation(bot, "secret")[0]
    moved(old, days=DAYS, seconds=5)
    moved(young, days=DAYS, seconds=-5)
    assert retention.run(workspace.id) == 0
    keep_for(workspace)
    assert retention.count_older(workspace.id, DAYS) == 1
    assert retention.run(workspace.id) == 1
    assert retention.run(workspace.id) == 0
    kept = set(session().scalars(select(Conversation.id)))
    assert kept == {young.id, never.id}
    (line,) = lines(workspace)
    assert (line.actor, line.action) == ("Mevichat", "conversation.expired")
    assert line.details == {"count": 1, "days": DAYS}


def test_a_conversation_in_which_nobody_wrote_is_old_by_the_day_it_was_opened(
    workspace, bot, shift_clock
):
    visitors.open_conversation(bot, "secret")
    keep_for(workspace)
    shift_clock(timedelta(days=DAYS, seconds=5))
    assert retention.run(workspace.id) == 1
    assert left() == 0


def test_other_workspaces_keep_theirs(workspace, bot):
    other = make_workspace(make_person("bob"), "Other", "pro")
    moved(talk(make_bot(other)), days=400)
    moved(talk(bot), days=400)
    keep_for(workspace, 1)
    assert retention.run(workspace.id) == 1
    assert retention.run(other.id) == retention.run("wsp_0") == 0
    assert left() == 1


@pytest.mark.parametrize("days", [0, 1, workspaces.MAX_RETENTION_DAYS])
def test_days_that_can_be_chosen(workspace, days):
    keep_for(workspace, days)
    assert session().get_one(Workspace, workspace.id).retention_days == days
    calls = lines(workspace, "workspace.retention_changed")
    assert [line.details for line in calls] == ([{"was": 0, "now": days}] if days else [])


@pytest.mark.parametrize("days", [-1, workspaces.MAX_RETENTION_DAYS + 1])
def test_days_that_cannot(workspace, days):
    with pytest.raises(Invalid):
        keep_for(workspace, days)


def test_a_transaction_of_the_largest_size_is_over_in_50_milliseconds(workspace, bot):
    fill(workspace, [bot], 1_000)
    took: list[float] = []  # of our own time: on a busy machine others have most of the rest

    def begin(connection):
        connection.info["began"] = time.thread_time()

    def commit(connection):
        took.append(time.thread_time() - connection.info["began"])

    event.listen(Engine, "begin", begin)
    event.listen(Engine, "commit", commit)
    try:
        assert (
            conversation_deletion.delete_matching(ConversationFilter(workspace.id), OPERATOR, {})
            == 1_000
        )
    finally:
        event.remove(Engine, "begin", begin)
        event.remove(Engine, "commit", commit)
    assert len(took) > 8
    assert sorted(took)[int(len(took) * 0.9)] < 0.05


@on_both_databases
def test_a_question_that_nothing_answered_is_kept_as_long_as_conversations(
    workspace, bot, monkeypatch
):
    monkeypatch.setattr(unanswered, "ROWS", 2)
    for number, age in enumerate((DAYS + 1, DAYS + 1, DAYS + 1, DAYS - 1)):
        clock.shift(-timedelta(days=age))
        unanswered.record(workspace.id, bot.id, f"Where is parcel {number}?")
    clock.shift(timedelta(0))
    unanswered.record(workspace.id, bot.id, "Where is parcel 2?")
    unanswered.dismiss(unanswered_question(bot, "Where is parcel 1?"))
    other = make_bot(make_workspace(make_person("bob"), "Other", "pro"))
    clock.shift(-timedelta(days=DAYS + 1))
    unanswered.record(other.workspace_id, other.id, "Of the others")
    clock.shift(timedelta(0))
    assert retention.run(workspace.id) == 0
    assert left(Unanswered) == 5
    keep_for(workspace)
    retention.run(workspace.id)
    assert sorted(session().scalars(select(Unanswered.question))) == [
        "Of the others", "Where is parcel 2?", "Where is parcel 3?",
    ]  # fmt: skip


def unanswered_question(bot, question):
    return session().scalar(
        select(Unanswered).where(Unanswered.bot_id == bot.id, Unanswered.question == question)
    )


@on_both_databases
def test_a_bot_with_much_goes_in_steps_that_let_others_write(workspace, bot, monkeypatch):
    """3,000 chunks in two sources, 80 messages: no transaction deletes more than so many of them."""
    monkeypatch.setattr(conversation_deletion, "ROWS", 50)
    for number in range(2):
        teach(workspace, bot, f"Manual {number}", 1_500)
    kept = teach(workspace, make_bot(workspace, name="Other"), "Kept", 5)
    fill(workspace, [bot], 20)
    unanswered.record(workspace.id, bot.id, "Where is my parcel?")
    held = []

    def rows() -> int:
        return sum(map(left, (Chunk, Message)))

    real = knowledge_deletion.transaction

    @contextmanager
    def counted():
        before = rows()
        with real() as current:
            yield current
        held.append(before - rows())

    bot_deletion.remove(bot, OPERATOR)
    for module in (knowledge_deletion, conversation_deletion, bot_deletion):
        monkeypatch.setattr(module, "transaction", counted)
    monkeypatch.setattr(chunks, "PAUSE_SECONDS", 0)
    monkeypatch.setattr(conversation_deletion, "PAUSE_SECONDS", 0)
    bot_deletion.clear(bot.id)
    assert sum(held) == 3_080
    assert max(held) == knowledge_deletion.ROWS
    assert (left(Source), left(Chunk), left(Message), left(Unanswered)) == (1, 5, 0, 0)
    assert session().scalars(select(Source.id)).all() == [kept]
    assert [line.action for line in lines(workspace)] == []


def teach(workspace, bot, title: str, count: int) -> str:
    """A source that was read, of so many chunks."""
    source = sources.add_text(workspace, bot.id, title, "A lamp.", OPERATOR)
    pieces = [Piece(f"Part {number}", title, "A lamp.") for number in range(count)]
    with transaction() as current:
        chunks.add_hidden(current, source.id, bot.id, 1, 0, pieces)
        chunks.publish(current, source.id, 1)
    return source.id


@on_both_databases
def test_a_reading_under_way_ends_with_its_bot(workspace, bot, monkeypatch):
    source = sources.add_text(workspace, bot.id, "Lamps", "A lamp.", OPERATOR)
    real, gone = chunks.pause, []

    def pause():
        if not gone:
            gone.append(True)
            bot_deletion.remove(bot, OPERATOR)
            bot_deletion.clear(bot.id)
        real()

    monkeypatch.setattr(chunks, "pause", pause)
    indexing.run(source.id, 1)
    assert (left(Source), left(Chunk)) == (0, 0)


@on_both_databases
def test_a_deleted_bot_is_gone_for_everybody_before_its_rows_are(workspace, bot, monkeypatch):
    source = sources.add_text(workspace, bot.id, "Lamps", "A lamp.", OPERATOR)
    conversation = visitors.open_conversation(bot, "secret")[0]
    say(conversation)
    other = make_bot(workspace, name="Other")
    for _ in range(2):
        bot_deletion.remove(bot, OPERATOR)
    assert len(lines(workspace, "bot.deleted")) == 1
    for gone in (
        lambda: bots.get(workspace.id, bot.id),
        lambda: visitors.get_bot(bot.id),
        lambda: reading.get(workspace.id, conversation.id),
        lambda: sources.get(workspace.id, source.id),
    ):
        with pytest.raises(NotFound):
            gone()
    assert [one.id for one in bots.bots_of(workspace.id)] == [other.id]
    assert set(reading.last_by_bot(workspace.id)) == {other.id}
    for most in (conversation_search.MOST_BOTS, 0):
        monkeypatch.setattr(conversation_search, "MOST_BOTS", most)
        assert conversation_search.count(ConversationFilter(workspace.id)) == 0
    assert (left(), left(Source)) == (1, 1)
    bot_deletion.clear(other.id)
    bot_deletion.clear(bot.id)
    assert (left(), left(Source)) == (0, 0)
    assert session().scalars(select(Bot.id)).all() == [other.id]


def test_a_deleted_bot_whose_job_was_lost_is_taken_up_by_the_schedule(
    workspace, bot, shift_clock, monkeypatch
):
    queued = []
    monkeypatch.setattr(queue, "enqueue", lambda *calls, **_: queued.append(calls))
    bot_deletion.remove(bot, OPERATOR)
    assert bot_deletion.resume_deletions() == 0
    shift_clock(bot_deletion.LOST_AFTER + timedelta(seconds=1))
    assert bot_deletion.resume_deletions() == 1
    assert queued == [(queue.KNOWLEDGE, "workers.jobs.clear_bot", bot.id)] * 2


def test_a_deleted_bot_leaves_nothing_to_keep(workspace, bot):
    say(visitors.open_conversation(bot, "secret")[0])
    bot_deletion.remove(bot, OPERATOR)
    bot_deletion.clear(bot.id)
    keep_for(workspace, 1)
    assert retention.run(workspace.id) == 0
