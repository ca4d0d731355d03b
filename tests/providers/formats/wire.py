"""What a wire format has to provide, and the little that both vendors' formats share."""

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ..calls import Call
from ..parts import Answer
from .problems import Problem

DEFAULT_PREFIX = "You said: "


@dataclass(frozen=True)
class Writing:
    """An answer with everything worked out, ready to be put into a format."""

    number: int
    """Of the request, for the ids."""
    model: str
    created: int
    """In seconds of the epoch."""
    pieces: tuple[str, ...]
    tokens_in: int
    tokens_out: int
    tokens_cached: int
    at_limit: bool
    tool: str = ""
    """The tool that is called: the text is its arguments."""

    @property
    def text(self) -> str:
        """The whole text."""
        return "".join(self.pieces)


@dataclass(frozen=True)
class Stream:
    """An answer as server-sent events: a fault can be put between any two of the pieces."""

    opening: Sequence[str]
    pieces: Sequence[str]
    """The text in parts; each becomes an event, by `event_of`, only when its turn has come."""
    event_of: Callable[[str], str]
    closing: Sequence[str]


class Wire(Protocol):
    """One format: the modules `openai`, `responses`, `fim`, `anthropic` and `bedrock`."""

    @property
    def NAME(self) -> str: ...
    @property
    def CHAT_PATH(self) -> str: ...
    @property
    def DONE(self) -> str:
        """The event that ends a stream."""

    @property
    def PROBLEMS(self) -> Sequence[Problem]:
        """The vendor's errors, the usual one of a status first."""

    def key_in(self, headers: dict[str, str]) -> str:
        """The caller's key, or nothing."""

    def objection(self, call: Call) -> Problem | None:
        """What the vendor would find wrong with a request whose key is good."""

    def error_body(self, problem: Problem, request_id: str) -> dict[str, Any]:
        """The body of an error response."""

    def error_event(self, problem: Problem, request_id: str) -> str:
        """The same inside a stream."""

    def headers(self, request_id: str, problem: Problem | None) -> dict[str, str]:
        """The vendor's own response headers."""

    def answer(self, writing: Writing, call: Call) -> dict[str, Any]:
        """The body of an answer that is not streamed."""

    def stream(self, writing: Writing, call: Call) -> Stream:
        """The events of one that is."""

    def model_list(self, models: Sequence[str]) -> dict[str, Any]:
        """The body of GET /v1/models."""


def write(answer: Answer, call: Call, number: int) -> Writing:
    """Works out what the reply left open: the text from the last user message, counts in words."""
    text = DEFAULT_PREFIX + last_user_text(call.body) if answer.text is None else answer.text
    pieces = tuple(re.findall(r"\s*\S+|\s+", text))
    return Writing(
        number=number,
        model=call.model,
        created=int(time.time()),
        pieces=pieces,
        tokens_in=words_in(call.body) if answer.tokens_in is None else answer.tokens_in,
        tokens_out=len(pieces) if answer.tokens_out is None else answer.tokens_out,
        tokens_cached=answer.tokens_cached,
        at_limit=answer.at_limit,
        tool=answer.tool,
    )


def last_user_text(body: dict[str, Any]) -> str:
    """The text of the last message of the user's, from plain content or content blocks."""
    said = [message for message in _messages(body) if message.get("role") == "user"]
    return text_of(said[-1].get("content")) if said else ""


def _messages(body: dict[str, Any]) -> list[dict[str, Any]]:
    """What was said, whatever the format calls it; of a plain text, as if the user said it."""
    said = body.get("messages") or body.get("input") or body.get("prompt") or []
    return [{"role": "user", "content": said}] if isinstance(said, str) else said


def text_of(content: object) -> str:
    """The text in a message's content, which is a string or a list of blocks."""
    if isinstance(content, str):
        return content
    blocks = content if isinstance(content, list) else []
    return "".join(_text_in(block) for block in blocks if isinstance(block, dict))


def _text_in(block: dict[str, Any]) -> str:
    """Of a block, or of the tool's result that it holds."""
    held = block.get("toolResult", block)
    return str(block.get("text") or "") or text_of(held.get("content"))


def messages_fault(body: dict[str, Any]) -> bool:
    """Whether `messages` is anything but a list of objects."""
    messages = body.get("messages")
    return not (isinstance(messages, list) and all(isinstance(each, dict) for each in messages))


def words_in(body: dict[str, Any]) -> int:
    """Of all that is said in a request: its tokens."""
    contents = [body.get("system") or body.get("instructions")]
    contents += [said.get("content") or said.get("output") for said in _messages(body)]
    return max(1, sum(len(text_of(content).split()) for content in contents))
