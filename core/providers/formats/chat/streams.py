"""A stream in the chat format. It is whole once a `finish_reason` came; `[DONE]` alone proves nothing."""

from collections.abc import Iterable, Iterator
from typing import Any

from core.ids import new_id
from core.providers.documents import Malformed, at, list_at, text_at
from core.providers.formats import errors
from core.providers.formats.chat.answers import (
    choices_of,
    contents,
    read_stop,
    read_usage,
    with_call,
    write_stop,
    write_usage,
)
from core.providers.formats.encoding import answer_id, as_data, seconds_now
from core.providers.formats.request import ChatRequest
from core.providers.formats.response import (
    NO_USAGE,
    Begin,
    Failed,
    Part,
    Stop,
    TextDelta,
    ThinkingDelta,
    ToolBegin,
    ToolDelta,
    Usage,
)
from core.providers.formats.streams import (
    BlockBegin,
    BoundedPart,
    documents,
    with_block_boundaries,
    with_one_ending,
)


def read_stream(buffers: Iterable[bytes], provider: str, secret: str) -> Iterator[Part]:
    chunks = documents(buffers, provider, secret)
    return with_one_ending(_read(chunks), provider, secret)


def _read(chunks: Iterable[dict[str, Any]]) -> Iterator[Part]:
    calls, usage = _Calls(), NO_USAGE
    yield Begin()
    for chunk in chunks:
        for choice in choices_of(chunk)[:1]:
            if isinstance(choice, dict):
                yield from _delta(choice.get("delta"), calls)
        previous, usage = usage, read_usage(chunk, usage)
        if usage is not previous:
            yield usage
        if stop := read_stop(chunk):
            yield with_call(stop) if calls.seen else stop


def is_end(event: dict[str, Any]) -> bool:
    return any(at(choice, "finish_reason") for choice in choices_of(event))


def is_prelude(event: dict[str, Any]) -> bool:
    """The first chunk of many providers says only who speaks."""
    delta = at(event, "choices", 0, "delta")
    return isinstance(delta, dict) and not any(
        value for name, value in delta.items() if name != "role"
    )


def _delta(delta: Any, calls: "_Calls") -> Iterator[Part]:
    if not isinstance(delta, dict):
        return
    text, thought = contents(delta)
    if text or thought:
        calls.close()
    if thought:
        yield ThinkingDelta(thought)
    if text:
        yield TextDelta(text)
    if "tool_calls" in delta:
        for piece in list_at(delta, "tool_calls"):
            yield from calls.take(piece)


class _Calls:
    """Which tool call a piece belongs to: one after the other, each by its position, or by its id.

    Google gives each the same position and another id; some leave the position out.
    """

    def __init__(self) -> None:
        self.seen: list[tuple[int, str]] = []
        self._is_open = False

    def close(self) -> None:
        """Something else began."""
        self._is_open = False

    def take(self, piece: Any) -> Iterator[Part]:
        position, call_id = at(piece, "index"), text_at(piece, "id")
        index = position if type(position) is int else len(self.seen) - (not call_id)
        if not self._continues(index, call_id):
            if any(index == other and call_id in ("", known) for other, known in self.seen):
                raise Malformed
            self.seen.append((index, call_id))
            self._is_open = True
            yield ToolBegin(call_id or new_id("call"), text_at(piece, "function", "name"))
        if arguments := text_at(piece, "function", "arguments"):
            yield ToolDelta(arguments)

    def _continues(self, index: int, call_id: str) -> bool:
        if not self._is_open:
            return False
        open_index, open_id = self.seen[-1]
        return index == open_index and call_id in ("", open_id)


def write_stream(
    parts: Iterable[Part], model: str, id: str, request: ChatRequest
) -> Iterator[bytes]:
    chunk = {
        "id": answer_id("chatcmpl-", id),
        "object": "chat.completion.chunk",
        "created": seconds_now(),
        "model": model,
    }
    if request.include_usage:
        chunk["usage"] = None
    yield as_data(chunk | _choice({"role": "assistant", "content": ""}))
    usage, calls = Usage(), -1
    for part in with_block_boundaries(parts):
        if isinstance(part, Failed):
            code = f"upstream_{part.failure.kind}"
            yield errors.in_stream("chat", code, part.failure.message)
            return
        calls += isinstance(part, BlockBegin) and part.kind == "tool"
        if isinstance(part, Usage):
            usage = usage.updated(part)
        elif isinstance(part, Stop):
            yield as_data(chunk | _choice({}, write_stop(part)))
        elif delta := _written(part, calls):
            yield as_data(chunk | _choice(delta))
    if request.include_usage:
        yield as_data(chunk | {"choices": [], "usage": write_usage(usage)})
    yield b"data: [DONE]\n\n"


def _choice(delta: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": reason, "logprobs": None}
    return {"choices": [choice]}


def _written(part: BoundedPart, position: int) -> dict[str, Any]:
    if isinstance(part, TextDelta):
        return {"content": part.text}
    if isinstance(part, ThinkingDelta):
        return {"reasoning_content": part.text} if part.text else {}
    if isinstance(part, BlockBegin) and part.kind == "tool":
        function = {"name": part.name, "arguments": ""}
        call = {"index": position, "id": part.id, "type": "function", "function": function}
        return {"tool_calls": [call]}
    if isinstance(part, ToolDelta):
        return {"tool_calls": [{"index": position, "function": {"arguments": part.arguments}}]}
    return {}
