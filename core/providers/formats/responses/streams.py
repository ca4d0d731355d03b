"""Reads a stream in the responses format. It is whole once `response.completed` or `.incomplete` came."""

from collections.abc import Iterable, Iterator
from typing import Any

from core.providers.documents import at, list_at, text_at
from core.providers.formats.response import (
    NO_USAGE,
    Begin,
    BlockEnd,
    Part,
    Stop,
    TextDelta,
    ThinkingDelta,
    ToolBegin,
    ToolDelta,
)
from core.providers.formats.responses.answers import call_id_of, read_stop, read_usage
from core.providers.formats.streams import documents, with_one_ending

_ENDINGS = (
    "response.completed",
    "response.incomplete",
    "response.cancelled",
    "response.done",
)
_TEXTS = ("response.output_text.delta", "response.refusal.delta")
_THOUGHTS = ("response.reasoning_summary_text.delta", "response.reasoning_text.delta")
_BREAK_BETWEEN_PARAGRAPHS = "\n\n"
_PRELUDES = ("response.created", "response.in_progress", "response.queued")


def read_stream(buffers: Iterable[bytes], provider: str, secret: str) -> Iterator[Part]:
    events = documents(buffers, provider, secret)
    return with_one_ending(_read(events), provider, secret)


def _read(events: Iterable[dict[str, Any]]) -> Iterator[Part]:
    items = _Items()
    for event in events:
        kind = text_at(event, "type")
        if kind == "response.created":
            yield Begin()
        elif not is_end(event):
            yield from items.take(kind, event)
        else:
            usage, stop = read_usage(event), read_stop(event) or Stop("end")
            if usage != NO_USAGE:
                yield usage
            yield Stop("tool") if stop.reason == "end" and items.has_call else stop
            return


def is_end(event: dict[str, Any]) -> bool:
    return event.get("type") in _ENDINGS


def is_prelude(event: dict[str, Any]) -> bool:
    return event.get("type") in _PRELUDES


class _Items:
    """The items of an output, one after the other. What came whole has no deltas."""

    def __init__(self) -> None:
        self.has_call = False
        self._has_delta = False
        """Whether something of the open item came already."""

    def take(self, kind: str, event: dict[str, Any]) -> Iterator[Part]:
        item = at(event, "item")
        if kind == "response.output_item.added":
            self._has_delta = False
            yield BlockEnd()
            if at(item, "type") == "function_call":
                self.has_call = True
                yield ToolBegin(call_id_of(item), text_at(item, "name"))
        elif kind == "response.output_item.done":
            if not self._has_delta and at(item, "type") == "function_call":
                yield ToolDelta(text_at(item, "arguments") or "{}")
            elif not self._has_delta and at(item, "type") == "message":
                for part in list_at(item, "content"):
                    yield TextDelta(text_at(part, "text") or text_at(part, "refusal"))
            yield BlockEnd()
        elif kind == "response.reasoning_summary_part.added" and self._has_delta:
            yield ThinkingDelta(_BREAK_BETWEEN_PARAGRAPHS)
        else:
            delta = _delta(kind, text_at(event, "delta"))
            self._has_delta = self._has_delta or bool(delta)
            yield from delta


def _delta(kind: str, delta: str) -> list[Part]:
    if not delta:
        return []
    if kind in _TEXTS:
        return [TextDelta(delta)]
    if kind in _THOUGHTS:
        return [ThinkingDelta(delta)]
    return [ToolDelta(delta)] if kind == "response.function_call_arguments.delta" else []
