"""What the streams of all formats share: an end that can be trusted, and blocks with both ends."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from core.http import HttpError
from core.providers import failures
from core.providers.documents import Malformed, parse_object
from core.providers.formats import sse
from core.providers.formats.response import (
    Begin,
    BlockEnd,
    Failed,
    Part,
    Stop,
    TextDelta,
    ThinkingDelta,
    ToolBegin,
    ToolDelta,
    Usage,
)

MAX_EVENT_BYTES = 16 << 20
"""The last event of a `responses` stream repeats the whole answer."""

_EMPTY: tuple[Part, ...] = (TextDelta(""), ThinkingDelta(""), ToolDelta(""))

Kind = Literal["", "text", "thinking", "redacted", "tool"]


@dataclass(frozen=True, slots=True)
class BlockBegin:
    """`id` and `name` are a tool call's, `data` is what there is of redacted thinking."""

    kind: Kind
    id: str = ""
    name: str = ""
    data: str = ""


FramedPart = (
    Begin | BlockBegin | TextDelta | ThinkingDelta | ToolDelta | BlockEnd | Usage | Stop | Failed
)  # fmt: skip


def settled(parts: Iterable[Part]) -> Iterator[Part]:
    """The parts with `Stop` or `Failed` as their last, whatever ends them.

    Usage is told before what follows it, and at the latest before the end. `Stop` waits for the end:
    the usage may come after it, and a connection that breaks then took nothing from the answer.
    """
    usage = told = Usage()
    ending: Stop | Failed = Failed(failures.truncated())
    try:
        for part in parts:
            if isinstance(part, Usage):
                usage = usage.updated(part)
            elif isinstance(part, Stop):
                ending = part
            elif isinstance(part, Failed):
                ending = part
                break
            else:
                if usage != told and not isinstance(part, Begin):
                    told = usage
                    yield usage
                yield part
    except HttpError as error:
        ending = ending if isinstance(ending, Stop) else Failed(failures.from_http(error))
    except (Malformed, sse.EventTooLarge):
        ending = Failed(failures.malformed())
    if usage != told:
        yield usage
    yield ending


def framed(parts: Iterable[Part]) -> Iterator[FramedPart]:
    """The parts with a `BlockBegin` and a `BlockEnd` around each block's deltas, none of them empty.

    A tool call without arguments has an empty object: programs parse what they get.
    """
    inside: Kind = ""
    is_empty = False
    for part in parts:
        if part in _EMPTY:
            continue
        kind = _kind_of(part)
        begins = isinstance(part, ToolBegin) or kind not in ("", inside)
        if inside and (begins or isinstance(part, BlockEnd | Stop)):
            if inside == "tool" and is_empty:
                yield ToolDelta("{}")
            yield BlockEnd()
            inside = ""
        if begins:
            inside = kind
            yield _beginning(part, kind)
        if not isinstance(part, ToolBegin | BlockEnd):
            yield part
        is_empty = isinstance(part, ToolBegin) or (is_empty and not isinstance(part, ToolDelta))


def _kind_of(part: Part) -> Kind:
    if isinstance(part, TextDelta):
        return "text"
    if isinstance(part, ThinkingDelta):
        return "redacted" if part.redacted else "thinking"
    return "tool" if isinstance(part, ToolBegin | ToolDelta) else ""


def _beginning(part: Part, kind: Kind) -> BlockBegin:
    if isinstance(part, ToolBegin):
        return BlockBegin(kind, part.id, part.name)
    data = part.signature if isinstance(part, ThinkingDelta) and part.redacted else ""
    return BlockBegin(kind, data=data)


def documents(buffers: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    """The JSON objects of a stream, to its `[DONE]` or its end. Google sends errors in an array."""
    for event in sse.events(buffers, MAX_EVENT_BYTES):
        data = event.data.strip()
        if data == "[DONE]":
            return
        in_array = data.startswith("[") and data.endswith("]")
        yield parse_object(data[1:-1] if in_array else data)
