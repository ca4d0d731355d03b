"""Conversations in the console: found, read, kept as files, deleted, and kept for a time."""

import csv
import io
import json
import re
import tracemalloc

import pytest

from core.accounts import audit, workspaces
from core.bots.models import Conversation
from core.db import session
from tests.bot_client import make_bot
from tests.core.bots.conversations.test_deletion import left
from tests.core.bots.conversations.test_search import changed, moved, talk
from tests.many import fill
from web.console.conversations import files as conversation_files

HERE = "/w/acme/conversations"


@pytest.fixture
def owner(app, cast, signed_in):
    return signed_in("owner")


@pytest.fixture
def bot(app, cast):
    return make_bot(cast.workspace)


def last_line(cast):
    session().commit()
    return audit.lines_of(cast.workspace.id, action="conversation", size=1)[0]


def link(page: str, rel: str) -> str:
    found = re.search(rf'rel="{rel}" href="([^"]+)"', page)
    return found[1].replace("&amp;", "&") if found else ""


def test_pages_lead_from_the_newest_to_the_oldest_with_each_once(cast, owner, bot):
    fill(cast.workspace, [bot], 65)
    url, seen = HERE, []
    while url:
        page = owner.get(url).text
        seen += re.findall(r'row-link" href="/w/acme/conversations/(\w+)"', page)
        url = link(page, "next")
    assert len(seen) == len(set(seen)) == 65
    assert "Newest" in page


def test_the_address_keeps_what_was_asked_for(cast, owner, bot):
    for number in range(31):
        talk(bot, f"Lamp {number}")
    page = owner.get(f"{HERE}?q=lamp&bot={bot.id}&from=2000-01-01")
    assert "q=lamp" in link(page.text, "next")
    assert f"bot={bot.id}" in link(page.text, "next")
    assert owner.get(f"{HERE}?q=lamp+30").text.count("row-link") == 1
    assert "No results" in owner.get(f"{HERE}?q=100%25").text
    assert "Type at least two letters" in owner.get(f"{HERE}?q=l").text


def test_a_transcript_says_what_became_of_an_answer(cast, owner, bot):
    conversation = talk(bot)
    answer = next(m for m in _messages(conversation) if m.role == "answer")
    changed(answer, feedback=-1)
    source = {
        "number": 1,
        "title": "Shipping",
        "url": "https://shop.example/s",
        "source_id": "",
        "chunk_ids": [],
    }
    changed(
        answer, cached=True, sources=[source, source | {"number": 2, "url": "javascript:hit()"}]
    )
    page = owner.get(f"{HERE}/{conversation.id}").text
    for details in ("from the cache", "Thumbs down", 'href="https://shop.example/s"'):
        assert details in page
    assert "javascript:" not in page


def _messages(conversation):
    from core.bots.conversations import reading

    return reading.messages_of(conversation.id)


@pytest.mark.parametrize(
    ("who", "may"), [("owner", True), ("admin", True), ("billing", False), ("member", False)]
)
def test_who_may_not_delete_is_not_offered_to(cast, signed_in, bot, who, may):
    conversation = talk(bot)
    browser = signed_in(who)
    assert ("Delete all" in browser.get(HERE).text) == may
    assert ("/deletion" in browser.get(f"{HERE}/{conversation.id}").text) == may


def test_messages_as_csv_with_nothing_in_them_that_a_spreadsheet_runs(cast, owner, bot):
    talk(bot, "=HYPERLINK(1)", "@sum", origin="https://shop.example")
    talk(bot, "Other")
    answer = owner.post(f"{HERE}/exports", {"file": "messages", "origin": "https://shop.example"})
    assert answer.headers["Content-Disposition"] == 'attachment; filename="acme-messages.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["role"] for row in rows] == ["visitor", "answer"] * 2
    assert [rows[0]["text"], rows[2]["text"]] == ["'=HYPERLINK(1)", "'@sum"]
    assert (rows[1]["tokens_in"], rows[1]["bot"]) == ("3", "Support")
    line = last_line(cast)
    assert (line.action, line.details["count"]) == ("conversation.exported", 1)
    assert "HYPERLINK" not in json.dumps(line.details)


def test_what_was_searched_for_is_not_in_the_audit_log(cast, owner, bot):
    talk(bot, "My name is Zebedee")
    owner.post(f"{HERE}/exports", {"file": "lines", "q": "Zebedee"})
    owner.post(f"{HERE}/deletion", {"q": "Zebedee"})
    session().commit()
    details = json.dumps([line.details for line in audit.lines_of(cast.workspace.id)])
    assert "Zebedee" not in details
    assert "filtered by text" in owner.get("/w/acme/audit-log").text


def test_other_files(cast, owner, bot):
    conversation = talk(bot, "One", "Two")
    lines = [
        json.loads(line)
        for line in owner.post(f"{HERE}/exports", {"file": "lines"}).text.splitlines()
    ]
    assert [line["text"] for line in lines] == ["One", "About One.", "Two", "About Two."]
    assert lines[1]["tokens_out"] == 2
    table = csv.DictReader(
        io.StringIO(owner.post(f"{HERE}/exports", {"file": "conversations"}).text)
    )
    (row,) = table
    assert (row["conversation_id"], row["messages"]) == (conversation.id, "4")
    assert owner.post(f"{HERE}/exports", {"file": "exe"}).status_code == 422


def test_a_large_file_takes_no_more_memory_than_a_small_one(app, cast, bot):
    from web.console.conversations.filter import Filter

    def peak() -> tuple[int, int]:
        rows = conversation_files._lines(Filter().wanted(cast.workspace))
        tracemalloc.start()
        count = sum(1 for _ in rows)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return count, most

    fill(cast.workspace, [bot], 250)
    peak()
    small = peak()
    fill(cast.workspace, [make_bot(cast.workspace, name="Second")], 2_500)
    large = peak()
    assert (small[0], large[0]) == (1_000, 11_000)
    assert large[1] < 2 * small[1]


def test_one_conversation_is_deleted_after_a_question(cast, owner, bot):
    conversation = talk(bot, "Delete me")
    url = f"{HERE}/{conversation.id}/deletion"
    confirmation = owner.get(url).text
    assert "Delete me" in confirmation
    assert "its 2 messages" in confirmation
    assert left() == 1
    assert owner.post(url).location == HERE
    assert left() == 0
    assert owner.get(url).status_code == 404


def test_all_that_match_are_deleted_after_their_number_was_said(cast, owner, bot):
    for text in ("A lamp", "Two lamps", "A sofa"):
        talk(bot, text)
    confirmation = owner.get(f"{HERE}/deletion?q=lamp").text
    assert "Delete 2 conversations?" in confirmation
    assert owner.post(f"{HERE}/deletion", {"q": "lamp"}).location == HERE
    assert left() == 1
    assert last_line(cast).details["count"] == 2
    assert "Nothing to delete" in owner.get(f"{HERE}/deletion?q=lamp").text


def test_a_shorter_time_to_keep_is_asked_about_and_a_longer_one_is_not(cast, owner, bot):
    moved(talk(bot), days=40)
    url = "/w/acme/settings/retention"

    def kept() -> int:
        session().commit()
        session().expire_all()
        return workspaces.by_slug("acme").retention_days

    confirmation = owner.post(url, {"days": "30"})
    assert (confirmation.status_code, kept()) == (303, 0)
    assert "<b>1 conversation</b>" in owner.get(confirmation.location).text
    assert owner.post(url, {"days": "30", "seen": "30"}).location == "/w/acme/settings"
    assert kept() == 30
    assert owner.post(url, {"days": "60"}).location == "/w/acme/settings"
    assert owner.post(url, {"days": "0"}).location == "/w/acme/settings"
    assert kept() == 0
    for wrong in ("-1", "3651", "", "x", "1.5"):
        assert owner.post(url, {"days": wrong}).status_code == 422
    assert left(Conversation) == 1
