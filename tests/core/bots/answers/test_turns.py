"""A turn, on both databases: two rows and one message of the quota, however often it is sent."""

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from core import clock
from core.accounts.actor import OPERATOR
from core.bots import visitors
from core.bots.answers import turns
from core.bots.conversations import reading
from core.bots.models import Message
from core.db import session, transaction
from core.errors import Conflict, Invalid, NotFound, TooLarge
from tests.bot_client import make_bot, used
from tests.core.bots.conftest import fail, finish, row_of
from tests.databases import on_both_databases
from tests.threads import at_once


def rows(conversation) -> list[Message]:
    session().commit()
    session().expire_all()
    return reading.messages_of(conversation.id)


def test_a_turn_is_a_question_and_a_pending_answer(workspace, conversation):
    turn = turns.accept(conversation, "  How long\r\ndoes it take? ", "c-1")
    question, answer = rows(conversation)
    assert (question.role, question.text, question.status) == (
        "visitor",
        "How long\r\ndoes it take?",
        "complete",
    )
    assert (answer.role, answer.status, answer.reply_to) == ("answer", "pending", question.id)
    assert answer.created_at > question.created_at
    assert (turn.answer.id, turn.question_id, turn.fresh) == (answer.id, question.id, True)
    assert answer.quota_period == clock.period_of(clock.now())
    assert used(workspace) == 1


@on_both_databases
def test_the_order_of_a_talk_is_the_order_it_was_written_in(conversation):
    for number in range(5):
        finish(turns.accept(conversation, f"Question {number}"), f"Answer {number}")
    texts = [message.text for message in rows(conversation)]
    assert texts == [f"{what} {n}" for n in range(5) for what in ("Question", "Answer")]


@on_both_databases
def test_a_repeated_client_id_is_the_turn_it_made_before(workspace, conversation):
    first = turns.accept(conversation, "Hello", "c-1")
    again = turns.accept(conversation, " Hello ", "c-1")
    assert (again.answer.id, again.question_id, again.fresh) == (
        first.answer.id,
        first.question_id,
        False,
    )
    with pytest.raises(Conflict, match="different text"):
        turns.accept(conversation, "Goodbye", "c-1")
    assert len(rows(conversation)) == 2
    assert used(workspace) == 1


@on_both_databases
def test_20_at_once_with_one_client_id_are_one_message(workspace, conversation):
    """As an impatient browser sends it: one question, one answer, one message, one task."""
    made = at_once(20, lambda _: turns.accept(conversation, "Hello", "c-1"))
    assert len({turn.answer.id for turn in made}) == 1
    assert sum(turn.fresh for turn in made) == 1
    assert len(rows(conversation)) == 2
    assert used(workspace) == 1


@on_both_databases
def test_20_at_once_without_a_client_id_are_20_messages(workspace, conversation):
    made = at_once(20, lambda _: turns.accept(conversation, "Hello"))
    assert len({turn.answer.id for turn in made}) == 20
    assert all(turn.fresh for turn in made)
    assert used(workspace) == 20


def test_a_client_id_counts_in_its_own_conversation(bot, conversation):
    other, _ = visitors.open_conversation(bot, "secret")
    first = turns.accept(conversation, "Hello", "c-1")
    assert turns.accept(other, "Something else", "c-1").answer.id != first.answer.id


@on_both_databases
def test_of_20_retries_at_once_one_starts_a_task(workspace, conversation):
    turn = turns.accept(conversation, "Hello")
    fail(turn, "Half an ans")
    assert used(workspace) == 0
    made = at_once(20, lambda _: turns.retry(conversation, turn.answer.id))
    assert sum(turn.fresh for turn in made) == 1
    row = row_of(turn)
    assert (row.status, row.attempt, row.text, row.failure) == ("pending", 2, "", "")
    assert used(workspace) == 1


@pytest.mark.parametrize("status", ["pending", "complete"])
def test_only_what_was_not_answered_is_tried_again(workspace, conversation, status):
    turn = turns.accept(conversation, "Hello")
    if status == "complete":
        finish(turn)
    again = turns.retry(conversation, turn.answer.id)
    assert (again.fresh, again.answer.status, again.answer.attempt) == (False, status, 1)
    assert used(workspace) == 1


def test_a_retry_asks_the_model_that_the_bot_has_now(conversation, bot):
    from core.bots import bots
    from core.bots.bots import Draft

    turn = turns.accept(conversation, "Hello")
    fail(turn)
    bots.change(bot.workspace, bot, Draft(name="Bot", model="gpt-5-mini"), OPERATOR)
    session().expire_all()
    turns.retry(conversation, turn.answer.id)
    assert row_of(turn).model_id == "openai:gpt-5-mini"


def test_a_retry_forgets_what_the_last_attempt_cost(conversation):
    turn = turns.accept(conversation, "Hello")
    fail(turn, "Half")
    turns.retry(conversation, turn.answer.id)
    row = row_of(turn)
    for column in ("tokens_in", "tokens_out", "latency_ms", "finished_at", "key_id", "key_version"):
        assert getattr(row, column) is None, column


def test_another_conversations_answer_is_not_found(bot, conversation):
    other, _ = visitors.open_conversation(bot, "secret")
    turn = turns.accept(other, "Hello")
    for message_id in (turn.answer.id, turn.question_id, "msg_none", ""):
        with pytest.raises(NotFound):
            turns.retry(conversation, message_id)
        with pytest.raises(NotFound):
            turns.find_answer(conversation, message_id)


@pytest.mark.parametrize("text", [None, "", "  \n ", 5, [], {}, True, b"Hello"])
def test_what_is_no_text_is_refused_and_kept_nowhere(conversation, text):
    with pytest.raises(Invalid, match="non-empty"):
        turns.accept(conversation, text)
    assert not rows(conversation)


@pytest.mark.parametrize(
    ("length", "good"), [(turns.MAX_TEXT_LENGTH, True), (turns.MAX_TEXT_LENGTH + 1, False)]
)
def test_the_longest_message(conversation, length, good):
    if good:
        assert len(rows(conversation)) == 0
        assert turns.accept(conversation, "é" * length).answer
        return
    with pytest.raises(TooLarge, match="8,000"):
        turns.accept(conversation, "é" * length)


@pytest.mark.parametrize("client_id", ["x", "x" * 64])
def test_a_client_id_has_1_to_64_characters(conversation, client_id):
    assert turns.accept(conversation, "Hello", client_id).fresh


@pytest.mark.parametrize("client_id", ["", "x" * 65, 5, [], False, {}])
def test_what_is_no_client_id_is_refused(conversation, client_id):
    with pytest.raises(Invalid, match="client_message_id"):
        turns.accept(conversation, "Hello", client_id)


def test_a_bot_can_be_deleted_with_all_that_was_said(workspace, conversation, bot):
    from core.bots import deletion as bot_deletion

    finish(turns.accept(conversation, "Hello"))
    bot_deletion.remove(bot, OPERATOR)
    bot_deletion.clear(bot.id)
    session().expire_all()
    assert session().query(Message).count() == 0
    assert make_bot(workspace)


@on_both_databases
def test_an_error_of_the_database_repeats_nothing_of_what_was_written(conversation):
    """It ends up in logs."""
    turn = turns.accept(conversation, "Something private")
    values = {
        column.name: getattr(turn.answer, column.name) for column in Message.__table__.columns
    }
    with pytest.raises(IntegrityError) as refusal, transaction() as current:
        current.execute(insert(Message).values(**values | {"text": "Something private"}))
    assert "private" not in str(refusal.value)
