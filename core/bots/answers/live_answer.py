"""An answer while it is written: the task adds text, any number of readers follow it.

One `Live` stands for one attempt and lives in the process that owns the provider's stream. Every
event has an id `ATTEMPT.CHARACTERS`: how much of the text a reader has after it. A reader can go on
from such an id with any source that knows the text: this object, the journal, or the row.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from core.bots.retrieval.citations import Citation, shown

PING_SECONDS = 12.0


@dataclass(frozen=True)
class Event:
    """One server-sent event. A `ping` has no data: it keeps proxies from closing a silent stream."""

    name: str
    data: dict[str, Any]
    id: str = ""


PING = Event("ping", {})


class LiveAnswer:
    """The text so far and the event that ended it, shared between one writer and its readers."""

    def __init__(self, message_id: str, question_id: str, attempt: int) -> None:
        self.message_id = message_id
        self.question_id = question_id
        self.attempt = attempt
        self._text = ""
        self._sources: Sequence[Citation] = ()
        self._last: Event | None = None
        self._changed = threading.Condition()
        self._cancel: Callable[[], None] | None = None
        self.stopping = False

    @property
    def text(self) -> str:
        return self._text

    @property
    def ended(self) -> bool:
        return self._last is not None

    def add(self, text: str) -> None:
        with self._changed:
            self._text += text
            self._changed.notify_all()

    def end(self, name: str, data: dict[str, Any], sources: Sequence[Citation] = ()) -> None:
        """Says how it ended, once: `done` or `error`; and what the answer was given."""
        with self._changed:
            self._sources = self._sources if self._last else sources
            self._last = self._last or Event(name, data, f"{self.attempt}.end")
            self._changed.notify_all()

    def stop(self) -> None:
        """No more of it is wanted: ends the provider's call, now or as soon as there is one."""
        with self._changed:
            self.stopping, cancel = True, self._cancel
        if cancel:
            cancel()

    def on_stop(self, cancel: Callable[[], None]) -> None:
        """What ends the provider's call, from the task that makes it."""
        with self._changed:
            self._cancel, stopping = cancel, self.stopping
        if stopping:
            cancel()

    def wait(self, timeout_seconds: float) -> bool:
        """Blocks until the answer has ended; False when the time is over first."""
        with self._changed:
            return self._changed.wait_for(lambda: self.ended, timeout_seconds)

    def follow(self, position: int) -> Iterator[Event]:
        """Text from `position` (in characters) on as it comes, pings in silence, then the last event."""
        while True:
            text, last = self._news(position)
            if text:
                position += len(text)
                yield Event("delta", {"text": text}, event_id(self.attempt, position))
            elif last is None:
                yield PING
            if last is not None:
                yield from final_event(last, self._sources, event_id(self.attempt, position))
                return

    def _news(self, position: int) -> tuple[str, Event | None]:
        with self._changed:
            self._changed.wait_for(lambda: len(self._text) > position or self.ended, PING_SECONDS)
            return self._text[position:], self._last


def final_event(last: Event, sources: Sequence[Citation], at: str) -> Iterator[Event]:
    """The events that close a stream: what was given, if anything was, then how it ended."""
    if sources and last.name == "done":
        yield Event("sources", {"sources": shown(sources)}, at)
    yield last


def event_id(attempt: int, position: int) -> str:
    return f"{attempt}.{position}"


def position_from_event_id(last_event_id: str, attempt: int) -> int:
    """How many characters a reader with that `Last-Event-ID` has of this attempt; 0 if unclear."""
    seen_attempt, _, position = last_event_id.partition(".")
    if seen_attempt != str(attempt) or not position.isascii() or not position.isdigit():
        return 0
    return int(position[:9])
