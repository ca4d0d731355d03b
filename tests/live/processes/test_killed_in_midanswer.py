"""The web process is killed at random points of many answers: nothing that was asked or said is lost.

Fifty answers, each at a point of its own, in two kills; fifty kills with `--soak`.
"""

import os
import random
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import update

from app import create_app
from core.bots.models import Bot
from core.db import db, session, transaction
from core.ids import new_id
from tests import marker
from tests.bot_client import make_bot, make_key, used
from tests.live.children import until
from tests.live.product import LiveProduct
from tests.live.visitor import Stream, Visitor
from tests.people import make_person, make_workspace
from tests.providers import LoopbackProvider, Reply

pytestmark = [pytest.mark.xdist_group("killed"), pytest.mark.timeout(1800)]

MODEL = "anthropic:claude-haiku-4-5"
WORDS = [f"word{number}" for number in range(60)]
WHOLE = " ".join(WORDS)
CHUNK_SECONDS = 0.05
JOURNAL_LAG_WORDS = 16
"""What a visitor may have read that the journal has not: batches of 50 ms, with room for a slow machine
that writes fifty answers at once (nine words were seen on two cores under a load of eight)."""
SWEPT_WITHIN_SECONDS = 75


@pytest.fixture
def rounds(request) -> tuple[int, int]:
    """How many kills, and how many answers under way at each."""
    return (50, 4) if request.config.getoption("--soak") else (2, 25)


@pytest.fixture
def provider():
    with LoopbackProvider() as running:
        running.accept(marker.anthropic_key())
        running.always(Reply.answer(WHOLE, chunk_delay_seconds=CHUNK_SECONDS))
        yield running


@pytest.fixture
def product(tmp_path, provider):
    variables = {
        "web_processes": 2,
        "anthropic_base_url": provider.anthropic_base_url,
        "mini_base_url": provider.openai_base_url,
    }
    with LiveProduct(tmp_path, ("web", "schedule"), **variables) as running:
        app = create_app(running.settings)
        with app.app_context():
            yield running
            db.session.remove()
            db.engine.dispose()


def busy_bot(workspace) -> Bot:
    """One that no limit of its own slows down: here one address talks for fifty visitors."""
    bot = make_bot(workspace, MODEL)
    with transaction() as current:
        current.execute(
            update(Bot).where(Bot.id == bot.id).values(visitor_limit=0, address_limit=0)
        )
    return bot


def kill_web(product: LiveProduct) -> None:
    """The master first, so that it starts no successor, and every process with it."""
    family = product["web"].family()
    product["web"].kill()
    for process in family:
        if process.is_running():
            os.kill(process.pid, signal.SIGKILL)
    product.start("web")
    product.wait_until_ready()


def begin(visitor: Visitor, number: int, chance: random.Random) -> Stream:
    time.sleep(chance.uniform(0, len(WORDS) * CHUNK_SECONDS * 0.8))
    return visitor.say(f"Question {number}").until("message")


def test_fifty_answers_killed_at_fifty_points_keep_what_was_asked_and_said(
    product, provider, rounds
):
    kills, at_once = rounds
    workspace = make_workspace(make_person(new_id("psn").lower()), "Acme", "scale")
    make_key(workspace)
    bot = busy_bot(workspace)
    visitors = [Visitor(product.port, bot.id) for _ in range(at_once)]
    streams_asked: list[tuple[Visitor, int, Stream]] = []
    with ThreadPoolExecutor(2 * at_once) as crowd:
        for kill in range(kills):
            chance = random.Random(kill)
            numbers = range(kill * at_once, (kill + 1) * at_once)
            started = list(
                crowd.map(lambda v, n, c=chance: (v, n, begin(v, n, c)), visitors, numbers)
            )
            reading = [crowd.submit(stream.to_its_end) for _, _, stream in started]
            time.sleep(chance.uniform(0.05, 0.6))
            kill_web(product)
            for read in reading:
                read.result()
            streams_asked += started
    rows = {stream.message_id: product.message(stream.message_id) for _, _, stream in streams_asked}
    assert [row for row in rows.values() if row["status"] == "pending"], "no kill met an answer"

    until(lambda: not pending(product, rows), SWEPT_WITHIN_SECONDS, "the end of every answer")
    complete = 0
    for _, number, stream in streams_asked:
        row = product.message(stream.message_id)
        assert row["status"] in ("complete", "interrupted")
        assert WHOLE.startswith(row["text"])
        lag = len(stream.text.split()) - len(row["text"].split())
        assert lag <= JOURNAL_LAG_WORDS, (stream.text, row["text"])
        assert question_of(product, row) == f"Question {number}"
        complete += row["status"] == "complete"
    session().commit()
    assert used(workspace) == complete

    # Each can be had again, once
    for visitor, _, stream in streams_asked[:: max(1, len(streams_asked) // 10)]:
        before = used(workspace)
        was = product.message(stream.message_id)["status"]
        retried = visitor.retry(stream.message_id).to_its_end()
        assert (retried.last.name, retried.text) == ("done", WHOLE)
        assert used(workspace) == before + (was != "complete")


def pending(product, rows) -> int:
    marks = ",".join("?" * len(rows))
    query = f"SELECT count(*) AS n FROM messages WHERE status = 'pending' AND id IN ({marks})"
    return product.rows(query, *rows)[0]["n"]


def question_of(product, row) -> str:
    return product.message(row["reply_to"])["text"]


def test_fifty_streams_come_to_their_end_while_the_web_stops(product, provider):
    workspace = make_workspace(make_person(new_id("psn").lower()), "Acme", "scale")
    make_key(workspace)
    bot = busy_bot(workspace)
    visitors = [Visitor(product.port, bot.id) for _ in range(50)]
    with ThreadPoolExecutor(50) as crowd:
        streams = list(crowd.map(lambda v: v.say("Hello").until("delta"), visitors))
        web = product["web"]
        web.tell(signal.SIGTERM)
        said = list(crowd.map(Stream.to_its_end, streams))
    assert {(stream.text, stream.last.name) for stream in said} == {(WHOLE, "done")}
    assert web.wait() == 0
    session().commit()
    assert used(workspace) == 50
    product.start("web")
    product.wait_until_ready()
