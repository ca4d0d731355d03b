"""What a program or a bot asks for, in no provider's format: plain data that each format reads and writes.

Left out of it, since an answer means the same without: `HARMLESS` in each format says what and why.
Anything else that has no place here is refused by name, never dropped.
"""

import json
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Literal

from core.errors import Invalid
from core.providers.wire import OutputLimitField

_NOT_CARRIED = (
    "{what} can’t be translated to the format of this model’s provider. "
    "Leave it out, or choose a model whose provider uses yours."
)


@dataclass(frozen=True, slots=True)
class Text:
    text: str


@dataclass(frozen=True, slots=True)
class Image:
    """By `url`, or as `data` (base64) of a `media_type`."""

    url: str = ""
    media_type: str = ""
    data: str = ""


@dataclass(frozen=True, slots=True)
class Thinking:
    """What a model noted for itself. `signature` is its provider's seal on it, if it has one.

    `redacted`: the text is not there, the signature is all of it.
    """

    text: str
    signature: str = ""
    redacted: bool = False


@dataclass(frozen=True, slots=True)
class ToolCall:
    id: str
    name: str
    arguments: str
    """JSON as the model wrote it: mostly an object, never checked against the tool."""


@dataclass(frozen=True, slots=True)
class ToolResult:
    call_id: str
    content: tuple[Text | Image, ...]
    is_error: bool = False


Block = Text | Image | Thinking | ToolCall | ToolResult


@dataclass(frozen=True, slots=True)
class Turn:
    role: Literal["user", "assistant"]
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Tool:
    name: str
    description: str
    schema: dict[str, Any]
    strict: bool | None = None
    """None leaves it to the provider."""


@dataclass(frozen=True, slots=True)
class ToolChoice:
    kind: Literal["auto", "none", "required", "named"]
    name: str = ""


@dataclass(frozen=True, slots=True)
class JsonFormat:
    """The answer has to be a JSON object; of this schema, if there is one."""

    schema: dict[str, Any] | None = None
    name: str = "answer"
    description: str = ""
    strict: bool | None = None


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One request. None where the program leaves the choice to the provider."""

    system: str = ""
    """All instructions, wherever they stood: not every provider takes them between turns."""
    turns: tuple[Turn, ...] = ()
    """Of alternating roles; tool results come first in theirs."""
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice | None = None
    parallel_tools: bool | None = None
    max_tokens: int | None = None
    output_limit_field: OutputLimitField | None = None
    """What a provider of the chat format calls that limit; None to know it by the model's name."""
    temperature: float | None = None
    top_p: float | None = None
    stop: tuple[str, ...] = ()
    json: JsonFormat | None = None
    effort: str = ""
    """How hard to think, in OpenAI's words; carried between its two formats only."""
    thinking: dict[str, Any] = field(default_factory=dict)
    """How to think, in Anthropic's words; carried to its own models only."""
    cache: bool = False
    """Whether the program marks what to keep in a cache; carried to Claude at Bedrock."""
    user: str = ""
    """The program's opaque name for its end user."""
    stream: bool = False
    include_usage: bool = False
    """Whether a stream in the chat format ends with its usage."""


def not_carried(name: str, value: Any = None) -> Invalid:
    """Names the field, and what stands in it where that is what cannot be carried."""
    what = f"`{name}` “{value[:60]}”" if isinstance(value, str) and value else f"`{name}`"
    return Invalid(_NOT_CARRIED.format(what=what), name)


def refuse_others(document: Mapping[str, Any], known: Set[str], where: str = "") -> None:
    """Raises `Invalid` for the first field that is neither known nor as good as absent."""
    for name, value in document.items():
        if value and name not in known:
            raise not_carried(f"{where}{name}")


def merged(turns: Iterable[Turn]) -> tuple[Turn, ...]:
    """Turns that alternate: neighbours of one role become one, results first; empty ones go."""
    full = [turn for turn in turns if not all(map(_is_blank, turn.blocks))]
    return tuple(
        Turn(role, tuple(sorted(_blocks_of(neighbours), key=_is_no_result)))
        for role, neighbours in groupby(full, key=lambda turn: turn.role)
    )


def _blocks_of(turns: Iterable[Turn]) -> list[Block]:
    return [_full(block) for turn in turns for block in turn.blocks if not _is_blank(block)]


def _full(block: Block) -> Block:
    if not isinstance(block, ToolResult):
        return block
    content = tuple(part for part in block.content if not _is_blank(part))
    return ToolResult(block.call_id, content, block.is_error)


def _is_blank(block: Block) -> bool:
    """A text that says nothing, which some providers refuse."""
    return isinstance(block, Text) and not block.text.strip()


def _is_no_result(block: Block) -> bool:
    return not isinstance(block, ToolResult)


def tool_arguments(call: ToolCall) -> dict[str, Any]:
    """The arguments as an object. Raises `Invalid`: other formats cannot hold anything else."""
    try:
        found = json.loads(call.arguments or "{}")
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise Invalid(
            f"The arguments of the tool call “{call.id}” are not a JSON object.", "arguments"
        )
    return found
