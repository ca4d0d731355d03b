"""An answer while it is being written: one task adds text, any number of readers follow it.

A `LiveAnswer` is one attempt, in the process that reads the provider's stream. Each event has an id
`ATTEMPT.CHARACTERS`: how much of the text a reader has after it. From such an id a reader can
resume with any source of the text: this object, the stream log or the row.
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
    """The text so far and the final event, shared between one writer and its readers."""

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
        """Sets the final event, once: `done` or `error`. Includes the answer's sources."""
        with self._changed:
            self._sources = self._sources if self._last else sources
            self._last = self._last or Event(name, data, f"{self.attempt}.end")
            self._changed.notify_all()

    def stop(self) -> None:
        """Ends the provider's call, now or as soon as it starts."""
        with self._changed:
            self.stopping, cancel = True, self._cancel
        if cancel:
            cancel()

    def on_stop(self, cancel: Callable[[], None]) -> None:
        """Sets how to end the provider's call; called by the task that makes it."""
        with self._changed:
            self._cancel, stopping = cancel, self.stopping
        if stopping:
            cancel()

    def wait(self, timeout_seconds: float) -> bool:
        """Blocks until the answer has ended; False on timeout."""
        with self._changed:
            return self._changed.wait_for(lambda: self.ended, timeout_seconds)

    def follow(self, position: int) -> Iterator[Event]:
        """Yields the text from `position` (in characters) on, then the final event.

        Pings while nothing arrives.
        """
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
    """The events that close a stream: the sources, if there are any, then the outcome."""
    if sources and last.name == "done":
        yield Event("sources", {"sources": shown(sources)}, at)
    yield last


def event_id(attempt: int, position: int) -> str:
    return f"{attempt}.{position}"


def position_from_event_id(last_event_id: str, attempt: int) -> int:
    """How many characters of this attempt a reader with that `Last-Event-ID` has; 0 if unclear."""
    seen_attempt, _, position = last_event_id.partition(".")
    if seen_attempt != str(attempt) or not position.isascii() or not position.isdigit():
        return 0
    return int(position[:9])
