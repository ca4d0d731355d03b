"""The log of requests: what was noted is written, whoever writes it."""

import threading
import time

from core.gateway import requests
from core.gateway.requests import Record
from core.ids import new_id


def test_flush_returns_once_all_that_was_noted_is_written(cast, monkeypatch):
    """Also what another thread had taken already."""
    taken, real = threading.Event(), requests._write

    def slowly(records):
        taken.set()
        time.sleep(0.2)
        real(records)

    monkeypatch.setattr(requests, "_write", slowly)
    record = Record(new_id("req"), cast.workspace.id, "", "chat", "gpt-5-mini", False, status=200)
    requests._waiting.put(record)
    other = threading.Thread(target=requests.flush)
    other.start()
    taken.wait(5)
    requests.flush()
    found = requests.get(cast.workspace.id, record.id)
    other.join()
    assert found
