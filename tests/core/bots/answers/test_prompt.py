"""What a model is told: as much of the talk as fits it, the latest first, failed turns left out."""

import pytest

from core.accounts.actor import OPERATOR
from core.bots import bots
from core.bots.answers import prompt, turns
from core.bots.bots import Draft
from core.db import session
from core.providers.wire import Turn
from tests.core.bots.conftest import fail, say

ROOM_IN_CHARACTERS = 3


def request_for(bot, conversation, text: str = "And now?"):
    turn = turns.accept(conversation, text)
    return prompt.chat_request(bot, bot.model, turn.answer)


def room_of(model) -> int:
    """Characters that fit beside the answer, as the model's window is counted."""
    most_output = min(prompt.MAX_OUTPUT_TOKENS, model.max_output_tokens, model.context_tokens // 4)
    return (model.context_tokens - most_output) * ROOM_IN_CHARACTERS


def test_a_first_question_goes_alone_with_the_instructions(bot, conversation):
    bots.change(bot.workspace, bot, Draft(name="Bot", instructions="Be kind."), OPERATOR)
    session().expire_all()
    request = request_for(bot, conversation)
    assert request.system == "Be kind."
    assert request.turns == (Turn("user", "And now?"),)


def test_a_bot_without_instructions_has_some(bot, conversation):
    assert "helpful assistant" in request_for(bot, conversation).system


def test_the_talk_goes_along_in_order(bot, conversation):
    say(conversation, "One?", "One.")
    say(conversation, "Two?", "Two.")
    texts = [(turn.role, turn.text) for turn in request_for(bot, conversation).turns]
    assert texts == [
        ("user", "One?"),
        ("assistant", "One."),
        ("user", "Two?"),
        ("assistant", "Two."),
        ("user", "And now?"),
    ]


def test_failed_and_pending_turns_are_no_part_of_the_talk(bot, conversation):
    say(conversation, "Answered?", "Yes.")
    fail(turns.accept(conversation, "Failed?"), "Half")
    turns.accept(conversation, "Pending?")
    texts = [turn.text for turn in request_for(bot, conversation).turns]
    assert texts == ["Answered?", "Yes.", "And now?"]


def test_a_retried_answer_does_not_see_what_was_said_after_its_question(bot, conversation):
    early = turns.accept(conversation, "Early?")
    fail(early)
    say(conversation, "Later?", "Later.")
    turns.retry(conversation, early.answer.id)
    request = prompt.chat_request(bot, bot.model, early.answer)
    assert [turn.text for turn in request.turns] == ["Early?"]


def test_the_latest_20_answers_at_most(bot, conversation):
    for number in range(22):
        say(conversation, f"Q{number}", f"A{number}")
    request = request_for(bot, conversation)
    assert len(request.turns) == 2 * prompt.MAX_TURNS + 1
    assert request.turns[0].text == "Q2"


@pytest.mark.parametrize(("spare", "kept"), [(-1, 2), (0, 4), (1, 4)])
def test_what_does_not_fit_the_window_is_left_out_from_the_oldest(bot, conversation, spare, kept):
    """At one character too many, exactly enough, and one to spare."""
    request = request_for(bot, conversation)
    taken = len(request.system) + len("And now?") + len("Latest?Latest.")
    fill = room_of(bot.model) - taken - spare
    say(conversation, "Q" * min(fill, 8_000), "A" * (fill - min(fill, 8_000)))
    say(conversation, "Latest?", "Latest.")
    told = request_for(bot, conversation).turns
    assert len(told) == kept + 1
    assert [turn.text for turn in told[-3:]] == ["Latest?", "Latest.", "And now?"]


def test_a_question_and_its_answer_go_together_or_not_at_all(bot, conversation):
    say(conversation, "Short?", "A" * room_of(bot.model))
    assert [turn.text for turn in request_for(bot, conversation).turns] == ["And now?"]


def test_an_answer_has_room_in_the_window(bot, conversation):
    request = request_for(bot, conversation)
    assert 0 < request.max_output_tokens <= bot.model.context_tokens // 4
