"""Writes a stream in the responses format: each item with its parts, and all of them at the end."""

from collections.abc import Iterable, Iterator
from typing import Any

from core.providers.formats import errors
from core.providers.formats.encoding import as_event
from core.providers.formats.request import ChatRequest, ToolCall
from core.providers.formats.response import (
    BlockEnd,
    Failed,
    Part,
    Stop,
    TextDelta,
    ThinkingDelta,
    ToolDelta,
    Usage,
)
from core.providers.formats.responses import answers
from core.providers.formats.streams import BlockBegin, BoundedPart, with_block_boundaries

_WITHOUT_CONTENT: dict[str, dict[str, Any]] = {"text": {"content": []}, "tool": {"arguments": ""}}


def write_stream(
    parts: Iterable[Part], model: str, id: str, request: ChatRequest
) -> Iterator[bytes]:
    stream = _Stream(model, id)
    yield stream.event("response.created", response=stream.response)
    yield stream.event("response.in_progress", response=stream.response)
    usage = Usage()
    for part in with_block_boundaries(parts):
        if isinstance(part, Failed):
            yield stream.failed(part)
            return
        if isinstance(part, Usage):
            usage = usage.updated(part)
        elif isinstance(part, Stop):
            yield stream.ending(part, usage)
        else:
            yield from stream.take(part)


class _Stream:
    """Numbers the events, and gathers the items that the last event repeats."""

    def __init__(self, model: str, id: str) -> None:
        self.response = answers.empty_response(model, id)
        self._id = id
        self._number = -1
        self._block = BlockBegin("")
        self._item_id = ""
        self._text: list[str] = []
        self._signature = ""

    def event(self, name: str, /, **members: Any) -> bytes:
        self._number += 1
        return as_event(name, {"type": name, "sequence_number": self._number} | members)

    def failed(self, part: Failed) -> bytes:
        code = f"upstream_{part.failure.kind}"
        number = self._number + 1
        return errors.response_failed(self.response, number, code, part.failure.message)

    def ending(self, stop: Stop, usage: Usage) -> bytes:
        self.response |= answers.write_ending(stop, usage)
        return self.event(f"response.{self.response['status']}", response=self.response)

    def take(self, part: BoundedPart) -> Iterator[bytes]:
        if isinstance(part, BlockBegin):
            self._block, self._text, self._signature = part, [], ""
            yield from self._opened()
        elif isinstance(part, BlockEnd):
            yield from self._closed()
        elif isinstance(part, TextDelta):
            yield self._delta("response.output_text.delta", part.text, content_index=0, logprobs=[])
        elif isinstance(part, ToolDelta):
            yield self._delta("response.function_call_arguments.delta", part.arguments)
        elif isinstance(part, ThinkingDelta):
            if not part.redacted:
                self._signature = part.signature or self._signature
            if part.text:
                name = "response.reasoning_summary_text.delta"
                yield self._delta(name, part.text, summary_index=0)

    def _delta(self, name: str, delta: str, **members: Any) -> bytes:
        self._text.append(delta)
        return self.event(name, **self._place(), **members, delta=delta)

    def _place(self) -> dict[str, Any]:
        return {"item_id": self._item_id, "output_index": len(self.response["output"])}

    def _item(self) -> dict[str, Any]:
        """The item in hand, as far as it is known."""
        id, text = f"{self._id}{len(self.response['output'])}", "".join(self._text)
        if self._block.kind == "text":
            return answers.message_item(id, text)
        if self._block.kind == "tool":
            return answers.call_item(id, ToolCall(self._block.id, self._block.name, text))
        return answers.reasoning_item(id, text, self._signature)

    def _opened(self) -> Iterator[bytes]:
        item = self._item() | {"status": "in_progress"} | _WITHOUT_CONTENT.get(self._block.kind, {})
        self._item_id = item["id"]
        index = len(self.response["output"])
        yield self.event("response.output_item.added", output_index=index, item=item)
        if self._block.kind == "text":
            part = answers.text_part("")
            name = "response.content_part.added"
            yield self.event(name, **self._place(), content_index=0, part=part)
        elif self._block.kind == "thinking":
            part = {"type": "summary_text", "text": ""}
            name = "response.reasoning_summary_part.added"
            yield self.event(name, **self._place(), summary_index=0, part=part)

    def _closed(self) -> Iterator[bytes]:
        item, place = self._item(), self._place()
        text = "".join(self._text)
        if self._block.kind == "text":
            done = {"content_index": 0} | place
            yield self.event("response.output_text.done", **done, text=text, logprobs=[])
            yield self.event("response.content_part.done", **done, part=answers.text_part(text))
        elif self._block.kind == "tool":
            name = "response.function_call_arguments.done"
            yield self.event(name, **place, name=item["name"], arguments=item["arguments"])
        elif self._block.kind == "thinking":
            done = {"summary_index": 0} | place
            part = {"type": "summary_text", "text": text}
            yield self.event("response.reasoning_summary_text.done", **done, text=text)
            yield self.event("response.reasoning_summary_part.done", **done, part=part)
        self.response["output"].append(item)
        index = place["output_index"]
        yield self.event("response.output_item.done", output_index=index, item=item)
