"""Server-sent events on the wire (WHATWG HTML §9.2): one record per event, comments as keep-alive pings."""

import json
from collections.abc import Iterable, Iterator

from flask import Response

from core.bots.answers.live_answer import Event

HEADERS = {
    "Cache-Control": "no-cache, no-transform",
    "X-Accel-Buffering": "no",
}


def stream(events: Iterable[Event]) -> Response:
    return Response(_records(events), mimetype="text/event-stream", headers=HEADERS)


def record(event: Event) -> str:
    """One event on the wire. JSON escapes line breaks, so no text can forge a record."""
    if event.name == "ping":
        return ": ping\n\n"
    data = json.dumps(event.data, ensure_ascii=False, separators=(",", ":"))
    return f"id: {event.id}\nevent: {event.name}\ndata: {data}\n\n"


def _records(events: Iterable[Event]) -> Iterator[str]:
    for event in events:
        yield record(event)
