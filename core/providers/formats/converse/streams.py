"""Reads a stream of Converse. It is whole once `messageStop` came; the usage follows it."""

from collections.abc import Iterable, Iterator
from typing import Any

from core.providers import failures
from core.providers.documents import at, text_at
from core.providers.formats import eventstream, json_tool
from core.providers.formats.converse.answers import read_stop, read_usage
from core.providers.formats.response import (
    NO_USAGE,
    Begin,
    BlockEnd,
    Failed,
    Part,
    Stop,
    TextDelta,
    ThinkingDelta,
    ToolBegin,
    ToolDelta,
)
from core.providers.formats.streams import with_one_ending

_EXCEPTION = "exception:"
Event = tuple[str, dict[str, Any]]
"""An event's type and its payload, as `eventstream` reads them."""


def read_stream(buffers: Iterable[bytes], provider: str, secret: str) -> Iterator[Part]:
    return read_events(eventstream.events(buffers), provider, secret)


def read_events(events: Iterable[Event], provider: str, secret: str) -> Iterator[Part]:
    """Of the events that `eventstream` finds in a stream's frames."""
    parts = json_tool.parts_as_text(_read(events, provider, secret))
    return with_one_ending(parts, provider, secret)


def _read(events: Iterable[Event], provider: str, secret: str) -> Iterator[Part]:
    for kind, event in events:
        if kind.startswith(_EXCEPTION):
            # An exception's name begins with a small letter in a stream, and a capital elsewhere.
            name = kind.removeprefix(_EXCEPTION)
            message = text_at(event, "message") or text_at(event, "Message")
            error = {"code": name[:1].upper() + name[1:], "message": message}
            failure = failures.inside(provider, {"error": error}, secret)
            yield Failed(failure or failures.malformed())
            return
        if kind == "messageStart":
            yield Begin()
        elif kind == "messageStop":
            yield read_stop(event) or Stop("end")
        elif kind == "metadata":
            if (usage := read_usage(event)) != NO_USAGE:
                yield usage
        elif kind == "contentBlockStart":
            if call := at(event, "start", "toolUse"):
                yield ToolBegin(text_at(call, "toolUseId"), text_at(call, "name"))
        elif kind == "contentBlockDelta":
            yield from _delta(at(event, "delta"))
        elif kind == "contentBlockStop":
            yield BlockEnd()


def _delta(delta: Any) -> Iterator[Part]:
    thought = at(delta, "reasoningContent")
    if text := text_at(delta, "text"):
        yield TextDelta(text)
    elif arguments := text_at(delta, "toolUse", "input"):
        yield ToolDelta(arguments)
    elif data := text_at(thought, "redactedContent"):
        yield ThinkingDelta("", data, redacted=True)
    elif thought:
        yield ThinkingDelta(text_at(thought, "text"), text_at(thought, "signature"))
