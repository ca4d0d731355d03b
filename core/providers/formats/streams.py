"""What the streams of all formats share: an end that can be trusted, and blocks with both ends."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from core.http import HttpError
from core.providers import failures
from core.providers.documents import Malformed, parse_answer
from core.providers.failures import Failure
from core.providers.formats import sse
from core.providers.formats.endings import Reported, failure_of
from core.providers.formats.request import Thinking, ToolCall
from core.providers.formats.response import (
    NO_USAGE,
    Begin,
    BlockEnd,
    ChatResponse,
    Failed,
    Part,
    Stop,
    TextDelta,
    ThinkingDelta,
    ToolBegin,
    ToolDelta,
    Usage,
)

DONE = "[DONE]"
"""What ends a stream in OpenAI's formats. Alone it proves nothing: it has been seen after errors."""

_NO_STREAM = re.compile("json|html")
_EMPTY: tuple[Part, ...] = (TextDelta(""), ThinkingDelta(""), ToolDelta(""))

Kind = Literal["", "text", "thinking", "redacted", "tool"]


@dataclass(frozen=True, slots=True)
class BlockBegin:
    """`id` and `name` are a tool call's, `data` is what there is of redacted thinking."""

    kind: Kind
    id: str = ""
    name: str = ""
    data: str = ""


BoundedPart = (
    Begin | BlockBegin | TextDelta | ThinkingDelta | ToolDelta | BlockEnd | Usage | Stop | Failed
)  # fmt: skip


def is_stream(headers: Mapping[str, str]) -> bool:
    """Whether a stream came where one was asked for. Some send a document in its place, or a page."""
    return not _NO_STREAM.search(headers.get("content-type", ""))


def with_one_ending(parts: Iterable[Part], provider: str, secret: str) -> Iterator[Part]:
    """The parts with `Stop` or `Failed` as their last, whatever ends them.

    Usage comes before what follows it, and at the latest before the end. `Stop` waits for the end:
    the usage may come after it, and a connection that breaks then took nothing from the answer.
    """
    usage, is_pending = NO_USAGE, False
    ending: Stop | Failed = Failed(failures.truncated())
    try:
        for part in parts:
            if isinstance(part, Usage):
                is_pending = is_pending or part != usage
                usage = usage.updated(part)
            elif isinstance(part, Stop):
                ending = part
            elif isinstance(part, Failed):
                ending = part
                break
            else:
                if is_pending and not isinstance(part, Begin):
                    is_pending = False
                    yield usage
                yield part
    except (HttpError, Malformed) as error:
        if isinstance(error, Malformed) or isinstance(ending, Failed):
            ending = Failed(failure_of(error, provider, secret))
    if is_pending:
        yield usage
    yield ending


def with_block_boundaries(parts: Iterable[Part]) -> Iterator[BoundedPart]:
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


def parts_of(response: ChatResponse) -> Iterator[Part]:
    """A whole answer as the parts of a stream: what some providers send in place of one."""
    yield Begin()
    for block in response.blocks:
        if isinstance(block, ToolCall):
            yield ToolBegin(block.id, block.name)
            yield ToolDelta(block.arguments)
        elif isinstance(block, Thinking):
            yield ThinkingDelta(block.text, block.signature, block.redacted)
        else:
            yield TextDelta(block.text)
        yield BlockEnd()
    if response.usage != NO_USAGE:
        yield response.usage
    yield response.stop


def failure_in(event: dict[str, Any], provider: str, secret: str) -> Failure | None:
    """The failure that an event reports, itself or in the `response` that it carries."""
    failure = failures.inside(provider, event, secret)
    response = None if failure else event.get("response")
    return failures.inside(provider, response, secret) if isinstance(response, dict) else failure


def documents(buffers: Iterable[bytes], provider: str, secret: str) -> Iterator[dict[str, Any]]:
    """The JSON objects of a stream, up to its `[DONE]` or its end. Raises `Reported`."""
    for event in sse.events(buffers):
        if event.data == DONE:
            return
        document = parse_answer(event.data)
        if failure := failure_in(document, provider, secret):
            raise Reported(failure)
        yield document
