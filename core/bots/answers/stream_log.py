"""What running answers have said, kept in Redis for an hour so that any process can go on with it.

Written by one thread per process, in batches of at most 100 ms, so that a hundred streams cost one
round trip. Redis away costs only the resuming from other processes: nothing waits for it.
"""

import queue as thread_queue
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from redis.exceptions import RedisError

from core.log import logger
from core.queue import redis_connection

TTL_SECONDS = 3600
BATCH_SECONDS = 0.05
_MAX_QUEUED = 10_000

log = logger(__name__)


@dataclass(frozen=True)
class Entry:
    """A piece of an answer: `position` is where in the text it begins. `over` ends the journal."""

    key: str
    position: int
    text: str
    over: bool = False


class _Writer:
    """The process's one writer: started with its first entry."""

    def __init__(self) -> None:
        self._entries: thread_queue.Queue[Entry] = thread_queue.Queue(_MAX_QUEUED)
        self._started = False
        self._lock = threading.Lock()

    def put(self, entry: Entry) -> None:
        self._start_once()
        try:
            self._entries.put_nowait(entry)
        except thread_queue.Full:
            log.warning("journal_full")

    def _start_once(self) -> None:
        with self._lock:
            if not self._started:
                threading.Thread(target=self._run, name="journal", daemon=True).start()
                self._started = True

    def _run(self) -> None:
        while True:
            batch = [self._entries.get()]
            time.sleep(BATCH_SECONDS)
            while not self._entries.empty():
                batch.append(self._entries.get())
            self._write(batch)

    def _write(self, batch: list[Entry]) -> None:
        try:
            pipe = redis_connection().pipeline(transaction=False)
            for entry in batch:
                fields: Any = {"p": entry.position, "t": entry.text, "over": int(entry.over)}
                pipe.xadd(entry.key, fields)
                pipe.expire(entry.key, TTL_SECONDS)
            pipe.execute()
        except RedisError as error:
            log.warning("journal_away", error=type(error).__name__)


_writer = _Writer()


def write(message_id: str, attempt: int, position: int, text: str) -> None:
    _writer.put(Entry(_key(message_id, attempt), position, text))


def close(message_id: str, attempt: int) -> None:
    """No more text will come: the row now says how the answer ended."""
    _writer.put(Entry(_key(message_id, attempt), 0, "", over=True))


def follow(message_id: str, attempt: int, wait_seconds: float) -> Iterator[Entry | None]:
    """Entries from the first on, None after each silent `wait_seconds`; ends when the journal is over.

    Raises `RedisError` when Redis is away.
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
    """All that was journalled of an answer; empty when Redis is away or has forgotten it."""
    try:
        rows: Any = redis_connection().xrange(_key(message_id, attempt))
    except RedisError:
        return ""
    return "".join(_read(fields).text for _, fields in rows)


def _read(fields: dict[bytes, bytes]) -> Entry:
    return Entry("", int(fields[b"p"]), fields[b"t"].decode(), fields[b"over"] == b"1")


def _key(message_id: str, attempt: int) -> str:
    return f"journal:{message_id}:{attempt}"
