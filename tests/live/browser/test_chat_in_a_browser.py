"""The first ten minutes of somebody new: an account, a bot, and its answers, in a real browser."""

import pytest
from playwright.sync_api import expect

from core.bots.answers.failure_messages import FAILURE_SENTENCE
from tests.bot_client import make_bot as bot_of
from tests.bot_client import make_key
from tests.live.pages import (
    ANSWER_SECONDS,
    BRIEFLY,
    GROWN_IN_STEPS,
    QUESTION,
    Chat,
    make_bot,
    open_chat,
    sign_up,
    words,
)
from tests.providers import Reply

pytestmark = [pytest.mark.xdist_group("live"), pytest.mark.browser]


@pytest.fixture
def chat(live, workspace, windows):
    """The chat page of a bot on the real local model."""
    bot = bot_of(workspace, instructions=BRIEFLY)
    return Chat(windows.open(f"{live.url}/chat/{bot.id}"))


@pytest.fixture
def held_chat(live, workspace, windows, provider):
    """The chat page of a bot whose provider says and holds what the test wants."""
    make_key(workspace)
    bot = bot_of(workspace, "anthropic:claude-haiku-4-5")
    return Chat(windows.open(f"{live.url}/chat/{bot.id}"))


def said(live, chat):
    """The words of the answer as the database keeps it."""
    row = live.message(chat.answers.last.get_attribute("data-id"))
    assert row["status"] == "complete"
    return words(row["text"])


def test_a_new_person_reads_a_streamed_answer_of_the_local_model(live, windows):
    page = windows.open(f"{live.url}/sign-up")
    sign_up(page)
    page.get_by_role("navigation", name="Workspace").get_by_role("link", name="Bots").click()
    make_bot(page, "Harbour", "Mevichat Mini")
    chat = Chat(open_chat(page))
    chat.ask(QUESTION)
    assert len(chat.watch_it_grow()) >= GROWN_IN_STEPS
    assert chat.status == "complete"
    assert words(chat.text) == said(live, chat)
    page.reload()
    expect(page.get_by_role("link", name=QUESTION)).to_be_visible()


def test_an_answer_of_the_local_model_is_all_there_after_a_reload_in_the_middle_of_it(live, chat):
    chat.ask(QUESTION)
    before = chat.wait_for_words()
    chat.page.reload()
    chat.wait_for_its_end()
    assert chat.status == "complete"
    assert words(chat.text) == said(live, chat)
    assert chat.text.startswith(before[:15])
    expect(chat.questions).to_have_count(1)
    expect(chat.answers).to_have_count(1)


def test_a_reloaded_page_and_a_second_tab_go_on_with_the_same_answer(live, held_chat, provider):
    chat = held_chat
    gate = provider.hold()
    chat.ask("one two three")
    gate.wait_for(1)
    chat.page.reload()
    second = Chat(chat.context.new_page())
    second.page.goto(chat.page.url)
    for tab in (chat, second):
        expect(tab.answers).to_have_attribute("data-status", "pending")
    gate.open()
    for tab in (chat, second):
        tab.wait_for_its_end()
        assert tab.text == "You said: one two three"
        expect(tab.questions).to_have_count(1)
    assert len(provider.streams) == 1


def test_a_broken_answer_says_so_kindly_and_retry_answers_the_same_message(held_chat, provider):
    chat = held_chat
    provider.next(Reply.cut(after_chunks=2))
    chat.ask("one two three")
    chat.wait_for_its_end()
    assert chat.text == "You said:"
    expect(chat.answers.get_by_text(FAILURE_SENTENCE)).to_be_visible()
    chat.answers.get_by_role("button", name="Retry").click()
    expect(chat.answers.locator(".text")).to_have_text("You said: one two three")
    expect(chat.answers.get_by_text(FAILURE_SENTENCE)).to_be_hidden()
    expect(chat.questions).to_have_count(1)


def test_the_chat_works_without_javascript(live, workspace, windows):
    bot = bot_of(workspace, instructions=BRIEFLY)
    page = windows.open(f"{live.url}/chat/{bot.id}", java_script_enabled=False)
    page.set_default_timeout(ANSWER_SECONDS * 1000)
    chat = Chat(page, has_scripts=False)
    chat.ask("Say hello.")
    expect(chat.answers).to_have_count(1)
    assert chat.status == "complete"
    assert words(chat.text) == said(live, chat)
    chat.ask("Say goodbye.")
    expect(chat.answers).to_have_count(2)
    questions = chat.questions.locator(".text").all_inner_texts()
    assert questions == ["Say hello.", "Say goodbye."]
