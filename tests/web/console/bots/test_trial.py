"""Try it: beside the frame stands what each answer was made of, for who may read it and for no other bot's."""

import html
import re

import pytest

from core.accounts.actor import OPERATOR
from core.bots import bots
from core.bots.answers.failure_messages import FAILURE_SENTENCE
from core.bots.conversations import reading
from core.db import work_context
from core.knowledge import indexing, sources
from tests.bot_client import BotClient, make_bot, make_key
from tests.core.bots.conversations.test_search import changed, talk
from tests.people import INSIDERS
from tests.providers import Reply
from web.console.bots import trial_rows

HAIKU = "anthropic:claude-haiku-4-5"
QUESTION = "Do you ship lamps to Norway?"


@pytest.fixture
def bot(cast):
    make_key(cast.workspace)
    return make_bot(cast.workspace, HAIKU, caches=True)


@pytest.fixture
def page(bot):
    return f"/w/acme/bots/{bot.id}/trial"


@pytest.fixture
def source(cast, bot):
    made = sources.add_text(
        cast.workspace, bot.id, "Shipping", "We ship lamps to Norway within three days.", OPERATOR
    )
    with work_context():
        indexing.run(made.id, made.attempt)
    return made


def words(answer) -> str:
    """What can be read of a piece or page."""
    assert answer.status_code == 200
    text = re.sub(r"<[^>]+>", " ", re.sub(r"(?s)<(script|noscript)\b.*?</\1>", "", answer.text))
    return " ".join(html.unescape(text).split())


@pytest.mark.parametrize("who", INSIDERS)
def test_every_role_sees_what_an_answer_was_made_of(
    app, provider, signed_in, bot, page, source, who
):
    provider.next(Reply.answer("Within **three** days.", tokens_in=1000, tokens_out=100))
    answer_id = BotClient(app, bot).say(QUESTION).message_id
    piece = signed_in(who).get(f"{page}/{answer_id}", htmx=True)
    page_text = words(piece)
    for fact in (
        *(QUESTION, "Answered in 0.", "Within three days.", "Claude Haiku 4.5, Anthropic"),
        *("1,000 in, 100 out", "$0.0015", "Shipping 1 chunk"),
    ):
        assert fact in page_text
    assert f'href="/w/acme/bots/{bot.id}/knowledge/{source.id}"' in piece.text
    assert "/knowledge/retrieval?q=Do+you+ship+lamps+to+Norway?" in piece.text
    assert ("Improve this answer" in page_text) == (who in ("owner", "admin"))
    assert "hx-get" not in piece.text


def test_what_was_repeated_says_that_nobody_was_asked(app, provider, signed_in, bot, page):
    provider.next(Reply.answer("Yes."))
    BotClient(app, bot).say(QUESTION)
    again = BotClient(app, bot).say(QUESTION)
    page_text = words(signed_in("member").get(f"{page}/{again.message_id}", htmx=True))
    assert "from the cache" in page_text
    assert "No model was called, so this cost nothing." in page_text
    assert "No knowledge was used." in page_text
    assert "$" not in page_text


def test_what_failed_says_why_to_people_and_not_to_visitors(app, provider, signed_in, bot, page):
    provider.next(Reply.status(401))
    reply = BotClient(app, bot).say(QUESTION)
    assert reply.events[-1][1]["message"] == FAILURE_SENTENCE
    page_text = words(signed_in("admin").get(f"{page}/{reply.message_id}", htmx=True))
    assert "Failed" in page_text
    assert "Anthropic rejected the key during this answer." in page_text
    assert "Anthropic’s message" in page_text
    assert "Improve this answer" not in page_text


def test_what_is_still_written_is_asked_for_again(app, signed_in, bot, page):
    answer = answer_of(talk(bot, QUESTION))
    changed(answer, status="pending")
    piece = signed_in("member").get(f"{page}/{answer.id}", htmx=True).text
    assert f'hx-get="{page}/{answer.id}"' in piece
    assert "Answering" in piece


def test_a_source_that_is_gone_is_named_without_a_link(app, provider, signed_in, bot, page, source):
    provider.next(Reply.answer("Yes."))
    answer_id = BotClient(app, bot).say(QUESTION).message_id
    sources.remove(source, OPERATOR)
    piece = signed_in("member").get(f"{page}/{answer_id}", htmx=True)
    assert "1 Shipping 1 chunk" in words(piece)
    assert source.id not in piece.text


def test_an_answer_of_another_bot_or_workspace_and_a_question_are_none_here(
    cast, signed_in, bot, page
):
    other = make_bot(cast.workspace, name="Other")
    foreign, question_id = answer_of(talk(other)), answer_of(talk(bot)).reply_to
    member = signed_in("member")
    for message_id in (foreign.id, question_id, "msg_0"):
        assert member.get(f"{page}/{message_id}", htmx=True).status_code == 404
    assert signed_in("stranger").get(page).status_code == 404
    assert signed_in("stranger").get(f"{page}/{answer_of(talk(bot)).id}").status_code == 404


def test_the_page_begins_with_what_was_last_said_at_this_address(signed_in, bot, page):
    member = signed_in("member")
    assert "Latest test conversation" not in member.get(page).text
    talk(bot, "From a shop", origin="https://shop.example")
    questions = [f"Question {number}" for number in range(trial_rows.MOST + 1)]
    ours = talk(bot, *questions, origin="http://localhost")
    page_now = member.get(page)
    page_text = re.findall(r"<h3[^>]*>([^<]+)</h3>", page_now.text)
    assert page_text == questions[:0:-1]
    assert f'href="/w/acme/conversations/{ours.id}">Full conversation' in page_now.text
    assert "Anthropic, " not in page_now.text
    assert f'href="/chat/{bot.id}" target="_blank">Open the chat page</a>' in page_now.text


def test_a_turn_has_a_page_of_its_own(signed_in, bot, page):
    answer = answer_of(talk(bot, QUESTION))
    text = signed_in("member").get(f"{page}/{answer.id}").text
    assert f'id="turn-{answer.id}"' in text
    assert f'data-turns="{page}"' in text


def test_a_bot_that_is_off_shows_no_frame(signed_in, bot, page):
    bots.set_enabled(bot, False, OPERATOR)
    assert "<iframe" not in signed_in("member").get(page).text
    assert "Enable it in Settings" in signed_in("admin").get(page).text


def answer_of(conversation):
    return reading.messages_of(conversation.id)[1]
