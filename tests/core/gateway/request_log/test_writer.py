"""The log of requests: what was noted is written, whoever writes it."""

import threading
import time

import pytest
from sqlalchemy import select

from core.db import session
from core.gateway.models import GatewayRequest
from core.gateway.request_log import writer
from core.gateway.request_log.writer import MAX_BATCH, Record
from core.ids import new_id


@pytest.mark.parametrize(
    ("count", "transactions"),
    [(1, 1), (MAX_BATCH, 1), (MAX_BATCH + 1, 2), (2 * MAX_BATCH, 2)],
)
def test_many_are_written_some_at_a_time(cast, monkeypatch, count, transactions):
    """No request waits for all of them: SQLite's work stands in the way of whatever else runs."""
    sizes, real = [], writer._write
    monkeypatch.setattr(
        writer, "_write", lambda records: sizes.append(len(records)) or real(records)
    )
    made = [record_of(cast.workspace) for _ in range(count)]
    for record in made:
        writer._waiting.put(record)
    assert writer.flush() == count and not writer._taken()
    assert (len(sizes), sum(sizes)) == (transactions, count)
    with session().get_bind().connect() as connection:
        stored = connection.execute(select(GatewayRequest.__table__)).mappings().all()
    assert {one["id"]: dict(one) for one in stored} == {one.id: vars(one) for one in made}


def record_of(workspace):
    """A record with something in each of its fields."""
    facts = {"provider": "openai", "key_source": "platform", "tokens_in": 3, "cost_microusd": 2}
    attempts = [{"provider": "openai", "source": "platform", "status": 200, "kind": "", "ms": 5}]
    return Record(new_id("req"), workspace.id, "", "chat", "gpt-5-mini", False, status=200,
                  attempts=attempts, **facts)  # fmt: skip


def test_flush_returns_once_all_that_was_noted_is_written(cast, monkeypatch):
    """Also what another thread had taken already."""
    taken, real = threading.Event(), writer._write

    def slowly(records):
        taken.set()
        time.sleep(0.2)
        real(records)

    monkeypatch.setattr(writer, "_write", slowly)
    record = record_of(cast.workspace)
    writer._waiting.put(record)
    other = threading.Thread(target=writer.flush)
    other.start()
    taken.wait(5)
    writer.flush()
    found = writer.get(cast.workspace.id, record.id)
    other.join()
    assert found
