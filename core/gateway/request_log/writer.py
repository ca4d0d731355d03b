"""The log of requests: written beside them, so that none waits for the database.

Records go into a bounded queue; one writer per process puts them into the database twice a second, some
hundred in a transaction, with the day's use and what was last used when. At exit it writes the rest.
"""

import queue
import threading
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from core import clock
from core.background import BackgroundThread
from core.db import session, transaction, work_context
from core.gateway.models import WORKSPACE, GatewayRequest, GatewayToken
from core.keys import store
from core.log import logger
from core.usage import counting

FLUSH_SECONDS = 0.5
MAX_QUEUED = 20_000
MAX_BATCH = 200
PAUSE_SECONDS = 0.003
"""Between two transactions: SQLite works inside the process, and under gevent all requests wait for it."""

log = logger(__name__)


@dataclass
class Record:
    """What became of one request; filled while it runs. No word of what was said is in it."""

    id: str
    workspace_id: str
    token_id: str
    route: str
    model_asked: str
    stream: bool
    at: datetime = field(default_factory=clock.now)
    model_id: str = ""
    provider: str = ""
    key_id: str = ""
    key_source: str = ""
    status: int = 0
    code: str = ""
    attempts: list[dict[str, Any]] = field(default_factory=list)
    tokens_in: int | None = None
    tokens_out: int | None = None
    estimated: bool = False
    cost_microusd: int | None = None
    billed_microusd: int = 0
    first_byte_ms: int | None = None
    latency_ms: int = 0


def record(record: Record) -> None:
    """Keeps a record to be written; when far too many wait, it is dropped and the log says so."""
    try:
        _waiting.put_nowait(record)
    except queue.Full:
        log.error("request_not_logged", request_id=record.id)
    _writer.start()


def flush() -> int:
    """Writes what waits, now; how many those were. Whoever else writes is waited for."""
    written = 0
    with _writing:
        while records := _taken():
            _write_or_say(records)
            written += len(records)
            if not _waiting.empty():
                clock.sleep(PAUSE_SECONDS)
    return written


def recent(workspace_id: str, *where: Any, size: int = 50, skip: int = 0) -> list[GatewayRequest]:
    """The newest first; `where` are conditions on `GatewayRequest`."""
    rows = select(GatewayRequest).where(GatewayRequest.workspace_id == workspace_id, *where)
    order = rows.order_by(GatewayRequest.at.desc(), GatewayRequest.id.desc())
    return list(session().scalars(order.limit(size).offset(skip)))


def get(workspace_id: str, request_id: str) -> GatewayRequest | None:
    return session().scalar(
        select(GatewayRequest).where(
            GatewayRequest.id == request_id, GatewayRequest.workspace_id == workspace_id
        )
    )


_writing = threading.RLock()
_waiting: queue.Queue[Record] = queue.Queue(MAX_QUEUED)
_writer = BackgroundThread("gateway_log", flush, FLUSH_SECONDS)


def _taken() -> list[Record]:
    records: list[Record] = []
    while len(records) < MAX_BATCH:
        try:
            records.append(_waiting.get_nowait())
        except queue.Empty:
            break
    return records


def _write_or_say(records: list[Record]) -> None:
    """One at a time where not all go: a workspace may have been deleted meanwhile."""
    try:
        _write(records)
    except Exception:
        for record in records if len(records) > 1 else []:
            _write_or_say([record])
        if len(records) == 1:
            log.exception("request_not_logged", request_id=records[0].id)


def _write(records: list[Record]) -> None:
    with work_context(), transaction() as current:
        current.execute(_INSERT, [vars(record) for record in records])
        for token_id, at in {r.token_id: r.at for r in records if r.token_id}.items():
            used = update(GatewayToken).where(GatewayToken.id == token_id)
            current.execute(used.values(last_used_at=at).execution_options(**_QUIETLY))
        _count(current, records)


def _count(current: Session, records: list[Record]) -> None:
    """Each key and each day's row once, whatever the number of records: in one order, for all."""
    by_place: dict[tuple[str, str, str, str], Counter[str]] = {}
    keys: dict[str, bool] = {}
    for record in records:
        if not record.provider:
            continue
        key_id = record.key_id if record.key_source == WORKSPACE else ""
        place = (record.workspace_id, record.provider, record.model_id[:80], key_id)
        good = not record.code
        by_place.setdefault(place, Counter()).update(
            answered=int(good),
            failed=int(not good),
            tokens_in=record.tokens_in or 0,
            tokens_out=record.tokens_out or 0,
            billed_microusd=record.billed_microusd,
        )
        if key_id:
            keys[key_id] = keys.get(key_id, False) or good
    for key_id, good in sorted(keys.items()):
        store.record_used(current, key_id, failed=not good)
    for (workspace_id, provider, model_id, key_id), counts in sorted(by_place.items()):
        counting.count(current, workspace_id, "", provider, model_id, key_id, **counts)


_INSERT = insert(GatewayRequest.__table__)  # type: ignore[arg-type]
_QUIETLY: dict[str, Any] = {"synchronize_session": False}
