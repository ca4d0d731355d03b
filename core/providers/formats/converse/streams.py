"""Reads a stream of Converse. It is whole once `messageStop` came; the usage follows it."""

from collections.abc import Iterable, Iterator
from typing import Any

from core.providers import failures
from core.providers.documents import at, text_at
from core.providers.formats import json_tool
from core.providers.formats.converse.answers import read_stop, read_usage
from core.providers.formats.response import (
    Begin,
    BlockEnd,
    Failed,
    Part,
    TextDelta,
    ThinkingDelta,
    ToolBegin,
    ToolDelta,
    Usage,
)
from core.providers.formats.streams import settled

_EXCEPTION = "exception:"


def read_stream(
    events: Iterable[tuple[str, dict[str, Any]]], provider: str, secret: str
) -> Iterator[Part]:
    """Of the events that `core.providers.formats.eventstream` finds in a stream."""
    return settled(json_tool.parts_as_text(_read(events, provider, secret)))


def _read(
    events: Iterable[tuple[str, dict[str, Any]]], provider: str, secret: str
) -> Iterator[Part]:
    for kind, event in events:
        if kind.startswith(_EXCEPTION):
            yield _failed(kind.removeprefix(_EXCEPTION), event, provider, secret)
            return
        if kind == "messageStart":
            yield Begin()
        elif kind == "messageStop":
            yield read_stop(event)
        elif kind == "metadata":
            usage = read_usage(event)
            if usage != Usage():
                yield usage
        else:
            yield from _block(kind, event)


def _block(kind: str, event: dict[str, Any]) -> Iterator[Part]:
    if kind == "contentBlockStart":
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


def _failed(name: str, event: dict[str, Any], provider: str, secret: str) -> Failed:
    """An exception's name begins small in a stream, and large everywhere else."""
    message = text_at(event, "message") or text_at(event, "Message")
    error = {"code": name[:1].upper() + name[1:], "message": message}
    failure = failures.inside(provider, {"error": error}, secret)
    return Failed(failure or failures.malformed())
