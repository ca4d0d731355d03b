"""The text of running answers, kept in Redis for an hour so that any process can resume them.

Written by one thread per process, in batches of 50 ms, so that a hundred streams cost one round
trip. If Redis is down, only resuming from other processes fails: nothing waits for it.
"""

import queue as thread_queue
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from redis.exceptions import RedisError

from core import clock
from core.background import BackgroundThread
from core.log import logger
from core.queue import redis_connection

TTL_SECONDS = 3600
BATCH_SECONDS = 0.05
_MAX_QUEUED = 10_000

log = logger(__name__)


@dataclass(frozen=True)
class Entry:
    """Part of an answer: `position` is where in the text it starts. `over` ends the log."""

    key: str
    position: int
    text: str
    over: bool = False


def write(message_id: str, attempt: int, position: int, text: str) -> None:
    _put(Entry(_key(message_id, attempt), position, text))


def close(message_id: str, attempt: int) -> None:
    """Ends the log: the row now has the outcome."""
    _put(Entry(_key(message_id, attempt), 0, "", over=True))


def follow(message_id: str, attempt: int, wait_seconds: float) -> Iterator[Entry | None]:
    """Yields the entries from the first on, and None after each silent `wait_seconds`, until the log ends.

    Raises `RedisError` if Redis is down.
    """
    last = "0-0"
    while True:
        found: Any = redis_connection().xread(
            {_key(message_id, attempt): last}, block=int(wait_seconds * 1000), count=500
        )
        if not found:
            yield None
            continue
        for entry_id, fields in found[0][1]:
            last = entry_id.decode()
            entry = _read(fields)
            if entry.over:
                return
            yield entry


def text_so_far(message_id: str, attempt: int) -> str:
    """The logged text of an answer; empty if Redis is down or has dropped it."""
    try:
        rows: Any = redis_connection().xrange(_key(message_id, attempt))
    except RedisError:
        return ""
    return "".join(_read(fields).text for _, fields in rows)


def _put(entry: Entry) -> None:
    try:
        _entries.put_nowait(entry)
    except thread_queue.Full:
        log.warning("journal_full")
    _writer.start()


def _write_waiting() -> None:
    """Waits for an entry, then for `BATCH_SECONDS` more, so that entries of other answers join the batch."""
    batch = [_entries.get()]
    clock.sleep(BATCH_SECONDS)
    while not _entries.empty():
        batch.append(_entries.get())
    _append(batch)


def _append(batch: list[Entry]) -> None:
    try:
        pipe = redis_connection().pipeline(transaction=False)
        for entry in batch:
            fields: Any = {"p": entry.position, "t": entry.text, "over": int(entry.over)}
            pipe.xadd(entry.key, fields)
            pipe.expire(entry.key, TTL_SECONDS)
        pipe.execute()
    except RedisError as error:
        log.warning("journal_away", error=type(error).__name__)


def _read(fields: dict[bytes, bytes]) -> Entry:
    return Entry("", int(fields[b"p"]), fields[b"t"].decode(), fields[b"over"] == b"1")


def _key(message_id: str, attempt: int) -> str:
    return f"journal:{message_id}:{attempt}"


_entries: thread_queue.Queue[Entry] = thread_queue.Queue(_MAX_QUEUED)
_writer = BackgroundThread("stream_log", _write_waiting, every_seconds=0)
