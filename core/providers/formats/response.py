"""What a model answers, whole or in parts, in no provider's format.

A stream is `Begin`, then blocks one after the other, then `Usage` and `Stop`; or it ends anywhere
with `Failed`. A delta continues the block that is open if it is of its kind, or else opens one.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, Protocol

from core.providers.failures import Failure
from core.providers.formats.request import ChatRequest, Text, Thinking, ToolCall

StopReason = Literal["end", "length", "tool", "stop_sequence", "refusal"]


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the provider counts them; None where it did not say. Each is a total so far."""

    tokens_in: int | None = None
    """With those read from and written to a cache."""
    tokens_out: int | None = None
    """With those of thinking."""
    cached: int | None = None
    cache_written: int | None = None
    reasoning: int | None = None
    cost_microusd: int | None = None
    """The price, where the provider gives it."""

    def updated(self, later: "Usage") -> "Usage":
        """This with what a later report says; nothing is added up."""
        names = [field.name for field in fields(self)]
        news = {name: getattr(later, name) for name in names}
        return Usage(**{n: getattr(self, n) if news[n] is None else news[n] for n in names})


NO_USAGE = Usage()


@dataclass(frozen=True, slots=True)
class Begin:
    """The provider has begun to answer."""


@dataclass(frozen=True, slots=True)
class TextDelta:
    text: str


@dataclass(frozen=True, slots=True)
class ThinkingDelta:
    """`signature` closes what was thought; with `redacted` it is all there is of it."""

    text: str
    signature: str = ""
    redacted: bool = False


@dataclass(frozen=True, slots=True)
class ToolBegin:
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class ToolDelta:
    """A piece of the open call's arguments, which are JSON once all pieces are there."""

    arguments: str


@dataclass(frozen=True, slots=True)
class BlockEnd:
    """The open block is whole; nothing if none is."""


@dataclass(frozen=True, slots=True)
class Stop:
    """The answer is whole, as far as it goes. `sequence` is the one of the program that ended it."""

    reason: StopReason
    sequence: str = ""


@dataclass(frozen=True, slots=True)
class Failed:
    failure: Failure


Part = (
    Begin | TextDelta | ThinkingDelta | ToolBegin | ToolDelta | BlockEnd | Usage | Stop | Failed
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ChatResponse:
    """A whole answer."""

    blocks: tuple[Text | Thinking | ToolCall, ...]
    stop: Stop
    usage: Usage

    @property
    def text(self) -> str:
        """What a reader sees; may be empty, since thinking can use up the limit."""
        return "".join(block.text for block in self.blocks if isinstance(block, Text))


class Format(Protocol):
    """What the package of a format provides. Readers never see an error that came with a bad status.

    A format of providers only has no `read_request`, `write_answer` and `write_stream`.
    """

    def read_request(self, document: Mapping[str, Any]) -> ChatRequest:
        """A program's request. Raises `Invalid` naming the field that cannot be translated."""

    def write_request(self, request: ChatRequest, model: str) -> dict[str, Any]:
        """The same for a provider, by its own name for the model.

        Raises `Invalid` where this format has no word for something.
        """

    def read_answer(self, document: dict[str, Any]) -> ChatResponse:
        """A whole answer without an error in it (`whole.read_whole` looks for one first).

        Raises `documents.Malformed`, and `endings.BrokenOff` for an ending that is none.
        """

    def write_answer(self, response: ChatResponse, model: str, id: str) -> dict[str, Any]:
        """The same for a program, by the name it asked for.

        Raises `documents.Malformed` for arguments that are no object where they have to be one.
        """

    def read_stream(self, buffers: Iterable[bytes], provider: str, secret: str) -> Iterator[Part]:
        """The parts of a stream; the last is `Stop` or `Failed`, whatever happens to it."""

    def write_stream(
        self, parts: Iterable[Part], model: str, id: str, request: ChatRequest
    ) -> Iterator[bytes]:
        """The same for a program, with this format's proper end, or an error that its SDK raises."""

    def read_usage(self, document: Any, earlier: Usage = NO_USAGE) -> Usage:
        """The tokens after a whole answer or an event of a stream: what `earlier` events said, updated."""

    def read_stop(self, document: Any) -> Stop | None:
        """How a whole answer or an event says that the answer ended, if it does. Raises `BrokenOff`."""

    def is_end(self, event: dict[str, Any]) -> bool:
        """Whether a stream is whole with this event."""

    def is_prelude(self, event: dict[str, Any]) -> bool:
        """Whether it only announces an answer: until more came, another provider may still answer."""
