"""Stop, two tabs, thumbs and limits: in a real browser, and over several web processes."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from threading import Barrier

import pytest
from playwright.sync_api import expect

from core.bots.answers.failure_messages import STOPPED_SENTENCE
from tests.bot_client import make_bot, make_key, used
from tests.live.axe import violations
from tests.live.children import until
from tests.live.pages import Chat, words
from tests.live.visitor import Visitor
from tests.providers import Reply

pytestmark = [pytest.mark.xdist_group("live"), pytest.mark.browser]

HAIKU = "anthropic:claude-haiku-4-5"
SOON = 5
LONG = " ".join(f"word{number}" for number in range(60))


@pytest.fixture
def bot(workspace, provider):
    make_key(workspace)
    return make_bot(workspace, HAIKU)


@pytest.fixture
def chat(live, bot, windows):
    return Chat(windows.open(f"{live.url}/chat/{bot.id}"))


def ask_slowly(chat, provider):
    """An answer that takes fifteen seconds, of which some words can be read."""
    provider.next(Reply.answer(LONG, chunk_delay_seconds=0.25))
    chat.ask("Tell me all of it")
    chat.wait_for_words(8)


def stop(chat):
    chat.page.get_by_role("button", name="Stop").click()
    expect(chat.answers).to_have_attribute("data-status", "interrupted")
    expect(chat.answers.get_by_text(STOPPED_SENTENCE)).to_be_visible()


def kept(live, chat):
    return live.message(chat.answers.last.get_attribute("data-id"))


def test_stop_ends_the_providers_call_and_keeps_what_came(live, workspace, chat, provider):
    ask_slowly(chat, provider)
    expect(chat.page.get_by_role("button", name="Send")).to_be_hidden()
    stop(chat)
    until(lambda: provider.streams[0].client_left, SOON, "the provider to see us leave")
    assert provider.streams[0].answered_tokens < 60
    expect(chat.page.get_by_role("button", name="Send")).to_be_visible()
    row = kept(live, chat)
    assert (row["status"], row["failure"]) == ("interrupted", "stopped")
    assert LONG.startswith(row["text"]) and "word1" in row["text"]
    assert words(chat.text) == words(row["text"])
    assert used(workspace) == 1
    assert not violations(chat.page)
    chat.page.reload()
    expect(chat.answers.get_by_text(STOPPED_SENTENCE)).to_be_visible()
    assert words(chat.text) == words(row["text"])
    chat.answers.get_by_role("button", name="Retry").click()
    expect(chat.answers.locator(".text")).to_have_text("You said: Tell me all of it")
    expect(chat.answers.get_by_text(STOPPED_SENTENCE)).to_be_hidden()
    assert used(workspace) == 1


def test_stop_before_the_first_word_costs_nothing(live, workspace, chat, provider):
    provider.next(Reply.answer("late").slowly(first_byte_seconds=20))
    chat.ask("Hello")
    provider.wait_for_calls(1)
    chat.page.get_by_role("button", name="Stop").click()
    expect(chat.answers).to_have_attribute("data-status", "interrupted")
    until(lambda: provider.streams[0].client_left, SOON, "the provider to see us leave")
    assert used(workspace) == 0


def test_a_second_tab_shows_the_same_and_a_stop_in_it_is_seen_in_the_first(live, chat, provider):
    ask_slowly(chat, provider)
    second = Chat(chat.context.new_page())
    second.page.goto(chat.page.url)
    second.wait_for_words(8)
    stop(second)
    expect(chat.answers).to_have_attribute("data-status", "interrupted")
    expect(chat.answers.get_by_text(STOPPED_SENTENCE)).to_be_visible()
    assert words(chat.text) == words(second.text) == words(kept(live, chat)["text"])
    assert len(provider.streams) == 1


def test_a_reload_in_mid_answer_can_still_be_stopped(live, chat, provider):
    ask_slowly(chat, provider)
    before = chat.text
    chat.page.reload()
    chat.wait_for_words(len(before))
    stop(chat)
    assert chat.text.startswith(before)
    until(lambda: provider.streams[0].client_left, SOON, "the provider to see us leave")


def test_stop_can_be_reached_and_pressed_by_keys_and_hands_its_place_back(chat, provider):
    ask_slowly(chat, provider)
    chat.page.get_by_label("Your message").focus()
    chat.page.keyboard.press("Tab")
    expect(chat.page.get_by_role("button", name="Stop")).to_be_focused()
    chat.page.keyboard.press("Enter")
    expect(chat.page.get_by_role("button", name="Send")).to_be_focused()


def test_another_process_than_the_one_that_writes_ends_the_call(live, bot, provider):
    """The stop is heard over Redis within half a second, and the answer then ends at once."""
    gate = provider.hold()
    visitor = Visitor(live.port, bot.id)
    stream = visitor.say("one two three").until("delta")
    writer = live.web_process_of(stream.port)
    connection = connection_to_another(live, writer)
    began = time.monotonic()
    path = f"/v1/bots/{bot.id}/messages/{stream.message_id}/stop"
    connection.request("POST", path, headers={"Authorization": f"Bearer {visitor._token}"})
    answer = json.loads(connection.getresponse().read())
    took = time.monotonic() - began
    connection.close()
    assert (answer["status"], answer["text"].strip()) == ("interrupted", "You")
    assert took < 1.5
    until(lambda: provider.streams[0].client_left, SOON, "the provider to see us leave")
    assert stream.to_its_end().last.data["status"] == "interrupted"
    gate.open()


def connection_to_another(live, process) -> HTTPConnection:
    """A connection that a web process other than this one has taken."""
    for _ in range(200):
        connection = HTTPConnection("127.0.0.1", live.port, timeout=20)
        connection.connect()
        time.sleep(0.05)
        try:
            if live.web_process_of(connection.sock.getsockname()[1]).pid != process.pid:
                return connection
        except AssertionError:
            pass
        connection.close()
    raise AssertionError("no other process takes connections")


def test_20_posts_at_once_with_one_client_id_are_one_message(live, workspace, bot, provider):
    visitor, line = Visitor(live.port, bot.id), Barrier(20)

    def post(_):
        line.wait()
        return visitor._json("POST", "/messages", {"text": "Hello", "client_message_id": "c-1"})

    with ThreadPoolExecutor(20) as crowd:
        answers = list(crowd.map(post, range(20)))
    assert {status for status, _ in answers} == {200}
    assert len({body["message_id"] for _, body in answers}) == 1
    assert [message["role"] for message in visitor.messages()] == ["visitor", "answer"]
    assert len(provider.streams) == 1
    assert used(workspace) == 1


def test_a_thumb_is_kept_changed_and_taken_back(live, chat, provider):
    chat.ask("one")
    chat.wait_for_its_end()
    message_id = chat.answers.get_attribute("data-id")
    up, down = (
        chat.answers.get_by_role("button", name=name, exact=True)
        for name in ("Helpful", "Not helpful")
    )
    for button, pressed, kept in ((up, "true", 1), (down, "true", -1), (down, "false", None)):
        button.click()
        expect(button).to_have_attribute("aria-pressed", pressed)
        until(lambda kept=kept: live.message(message_id)["feedback"] == kept, SOON, "the thumb")
    up.click()
    until(lambda: live.message(message_id)["feedback"] == 1, SOON, "the thumb")
    chat.page.reload()
    expect(up).to_have_attribute("aria-pressed", "true")
    assert not violations(chat.page)


def test_thumbs_work_without_javascript(live, bot, windows, provider):
    page = windows.open(f"{live.url}/chat/{bot.id}", java_script_enabled=False)
    chat = Chat(page, has_scripts=False)
    chat.ask("one")
    expect(chat.answers).to_have_count(1)
    expect(page.get_by_role("button", name="Stop")).to_be_hidden()
    page.get_by_role("button", name="Not helpful").click()
    expect(page.get_by_role("button", name="Not helpful")).to_have_attribute("aria-pressed", "true")
    message_id = chat.answers.get_attribute("data-id")
    assert live.message(message_id)["feedback"] == -1


def test_over_the_limit_the_words_come_back_with_the_owners_sentence_and_a_countdown(
    live, workspace, provider, windows
):
    make_key(workspace)
    sentence = "One question a day, please."
    bot = make_bot(workspace, HAIKU, daily_limit=1, limit_text=sentence)
    chat = Chat(windows.open(f"{live.url}/chat/{bot.id}"))
    chat.ask("one")
    chat.wait_for_its_end()
    chat.ask("two")
    expect(chat.page.locator("#note")).to_contain_text(sentence)
    windows.expect_status(429)
    expect(chat.page.locator("#note")).to_contain_text("Try again in")
    expect(chat.page.get_by_label("Your message")).to_have_value("two")
    expect(chat.questions).to_have_count(1)
    assert len(provider.streams) == 1
    assert not violations(chat.page)
