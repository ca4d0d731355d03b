"""An indexing: in place in one step, superseded by a later one, taken up when its worker dies."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from core.accounts.actor import OPERATOR
from core.db import session, transaction
from core.knowledge import chunks, indexing, search, sources
from core.knowledge.models import Chunk, Source
from tests.core.knowledge.conftest import now
from tests.databases import on_both_databases
from workers import schedule

TEXT = "# One\n\nThe first lamp.\n\n# Two\n\nThe second lamp."


@pytest.fixture
def source(cast, bot):
    return sources.add_text(cast.workspace, bot.id, "Lamps", TEXT, OPERATOR)


def positions() -> list[int]:
    session().rollback()
    return list(session().scalars(select(Chunk.position).order_by(Chunk.id)))


def change(source, **values) -> None:
    with transaction() as current:
        current.execute(update(Source).where(Source.id == source.id).values(**values))


@on_both_databases
def test_an_attempt_is_indexed_once(source):
    indexing.run(source.id, 1)
    indexing.run(source.id, 1)
    assert positions() == [0, 1]
    assert now(source).status == "ready"


@pytest.mark.parametrize("attempt", [0, 2])
def test_another_attempt_than_the_current_one_writes_nothing(source, attempt):
    indexing.run(source.id, attempt)
    assert (positions(), now(source).status) == ([], "waiting")


@on_both_databases
def test_what_is_written_is_not_found_before_the_last_step(source, bot, monkeypatch):
    seen = []
    monkeypatch.setattr(
        chunks, "pause", lambda: seen.append((len(positions()), search.find(bot.id, "lamp")))
    )
    indexing.run(source.id, 1)
    assert seen[0] == (2, [])
    assert len(search.find(bot.id, "lamp")) == 2


@on_both_databases
def test_the_old_chunks_answer_until_the_new_ones_are_in_place(source, bot, monkeypatch):
    indexing.run(source.id, 1)
    sources.reindex(now(source), OPERATOR)
    seen = []
    monkeypatch.setattr(chunks, "pause", lambda: seen.append(len(search.find(bot.id, "lamp"))))
    indexing.run(source.id, 2)
    assert set(seen) == {2}
    assert positions() == [0, 1]


@on_both_databases
def test_a_removal_in_the_middle_ends_it_and_leaves_nothing(source, bot, monkeypatch, run_jobs):
    real = chunks.pause
    removed = []

    def pause():
        if not removed:
            removed.append(sources.remove(now(source), OPERATOR))
        real()

    monkeypatch.setattr(chunks, "pause", pause)
    indexing.run(source.id, 1)
    run_jobs()
    assert positions() == []
    assert session().scalar(select(func.count(Source.id))) == 0


def test_a_failure_keeps_what_was_in_place(source, bot, monkeypatch):
    indexing.run(source.id, 1)
    sources.reindex(now(source), OPERATOR)
    monkeypatch.setattr(indexing, "read", lambda *_, **__: 1 / 0)
    indexing.run(source.id, 2)
    assert now(source).status == "failed"
    assert now(source).reason.endswith("The previous version is still in use.")
    assert len(search.find(bot.id, "lamp")) == 2


def test_a_lost_worker_is_followed_by_two_more_and_then_it_has_failed(source, shift_clock):
    for tries, attempt in ((1, 2), (2, 3)):
        change(source, status="reading")
        shift_clock(timedelta(minutes=2 * tries))
        assert indexing.resume_lost() == 1
        assert (now(source).status, now(source).attempt) == ("waiting", attempt)
        assert f"attempt {tries + 1} of 3" in now(source).reason
    change(source, status="reading")
    shift_clock(timedelta(minutes=6))
    assert indexing.resume_lost() == 0
    assert now(source).status == "failed"
    assert "three times" in now(source).reason


@pytest.mark.parametrize(("seconds", "taken_up"), [(55, 0), (65, 1)])
def test_a_worker_is_lost_after_a_minute_without_a_pulse(source, shift_clock, seconds, taken_up):
    change(source, status="reading")
    shift_clock(timedelta(seconds=seconds))
    assert indexing.resume_lost() == taken_up


def test_what_a_lost_worker_had_written_goes_with_the_next_try(source, bot):
    with transaction() as current:
        chunks.add_hidden(
            current, source.id, bot.id, 1, 0, [indexing.Piece("Old", "", "An old lamp.")]
        )
    change(source, attempt=2)
    indexing.run(source.id, 2)
    assert positions() == [0, 1]


def test_the_schedule_reads_what_redis_lost(source, bot, run_jobs, shift_clock):
    from core import queue

    queue.redis_connection().flushdb()
    shift_clock(timedelta(minutes=6))
    schedule.tick()
    run_jobs()
    assert now(source).status == "ready"


def test_what_was_left_over_is_cleared_by_the_schedule(source, bot):
    indexing.run(source.id, 1)
    with transaction() as current:
        chunks.add_hidden(current, source.id, bot.id, 7, 0, [indexing.Piece("Old", "", "Old.")])
    assert indexing.clear_left_over() == 1
    assert positions() == [0, 1]
    assert indexing.clear_left_over() == 0
