"""Another writer holds the database for a while: what a visitor sends waits, or is told to come again."""

import sqlite3
import threading
import time
from contextlib import contextmanager

import pytest

from core import db
from core.bots.models import Message
from core.db import session
from tests.bot_client import BotClient, make_bot, used

HELD_SECONDS = 3.0


@contextmanager
def locked(chosen, seconds: float):
    """The write lock, taken by a program of its own and given back after so long."""
    taken = threading.Event()

    def hold() -> None:
        connection = sqlite3.connect(chosen.database_url.removeprefix("sqlite:///"), timeout=10)
        connection.isolation_level = None
        connection.execute("BEGIN IMMEDIATE")
        taken.set()
        time.sleep(seconds)
        connection.execute("ROLLBACK")
        connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    assert taken.wait(10)
    try:
        yield
    finally:
        holder.join()


def messages() -> int:
    session().commit()
    return session().query(Message).count()


def test_a_message_waits_for_three_seconds_and_is_answered(app, cast, chosen):
    bot_client = BotClient(app, make_bot(cast.workspace))
    with locked(chosen, HELD_SECONDS):
        reply = bot_client.say("Hello")
    assert reply.last == "done"
    assert (messages(), used(cast.workspace)) == (2, 1)


@pytest.mark.parametrize("accept", ["application/json", "text/event-stream"])
def test_a_lock_without_end_is_a_clear_503_and_nothing_is_half_written(
    app, cast, chosen, provider, monkeypatch, accept
):
    bot_client = BotClient(app, make_bot(cast.workspace))
    monkeypatch.setattr(db, "WRITE_WAIT_SECONDS", 0.3)
    with locked(chosen, 1.0):
        refused = bot_client.post("/messages", {"text": "Hello", "client_message_id": "1"}, accept)
    assert refused.status_code == 503
    assert refused.headers["Retry-After"] == "5"
    assert refused.json["error"]["code"] == "busy"
    assert "Try again" in refused.json["error"]["message"]
    assert (messages(), used(cast.workspace), len(provider.chats)) == (0, 0, 0)
    assert bot_client.say("Hello", client_message_id="1").last == "done"
    assert (messages(), used(cast.workspace)) == (2, 1)


def test_an_answer_whose_end_meets_a_lock_is_kept(app, cast, chosen, provider):
    """The provider has answered while somebody else writes: the row is ended when that is over."""
    bot_client = BotClient(app, make_bot(cast.workspace))
    gate = provider.hold()
    talk = threading.Thread(target=bot_client.say, args=("Hello",))
    talk.start()
    gate.wait_for(1, timeout_seconds=10)
    with locked(chosen, HELD_SECONDS):
        gate.open()
        time.sleep(0.2)
    talk.join()
    session().commit()
    answer = session().query(Message).filter_by(role="answer").one()
    assert (answer.status, answer.text) == ("complete", "You said: Hello")
