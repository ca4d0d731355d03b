"""What every wire format shares: the words of a chat, the events of its answer.

All of it is plain data without a secret. One module per format (`openai`, `anthropic`) turns a
`ChatRequest` into bytes, and bytes into these.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from core.providers.failures import Failure

WireName = Literal["openai", "anthropic", "responses", "converse", "fim"]
OutputLimitField = Literal["max_tokens", "max_completion_tokens"]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a provider is reached: the catalogue's or the operator's choice, never a client's."""

    provider_slug: str
    wire: WireName
    base_url: str


@dataclass(frozen=True, slots=True)
class Turn:
    role: Literal["user", "assistant"]
    text: str


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """What is asked. Nothing of it ever becomes part of a URL or a header."""

    model: str
    """By the provider's own name."""
    system: str
    """Instructions; none if empty."""
    turns: tuple[Turn, ...]
    max_output_tokens: int
    output_limit_field: OutputLimitField | None
    """What the provider calls that limit for this model; None sends no limit."""


@dataclass(frozen=True, slots=True)
class Text:
    text: str


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the provider counts them; None where it did not say."""

    tokens_in: int | None = None
    tokens_out: int | None = None

    def updated(self, later: "Usage") -> "Usage":
        """This with what a later report says; both are totals, so that nothing is added up."""
        return Usage(
            self.tokens_in if later.tokens_in is None else later.tokens_in,
            self.tokens_out if later.tokens_out is None else later.tokens_out,
        )


@dataclass(frozen=True, slots=True)
class Finished:
    """The answer is whole. `stop_reason` is the provider's own word."""

    stop_reason: str | None


@dataclass(frozen=True, slots=True)
class Failed:
    failure: Failure


Event = Text | Usage | Finished | Failed


@dataclass(frozen=True, slots=True)
class Completion:
    """A whole answer that was not streamed."""

    text: str
    usage: Usage
    stop_reason: str | None


class Wire(Protocol):
    """What a module of a format provides."""

    @property
    def ROUTE(self) -> str:
        """Its name among a provider's paths."""

    def body(self, request: ChatRequest, *, stream: bool) -> dict[str, Any]:
        """The request as a JSON object."""

    def completion(self, document: dict[str, Any]) -> Completion:
        """Reads a whole answer without an error in it. Raises `documents.Malformed`."""

    def events(self, buffers: Iterable[bytes], provider: str, secret: str) -> Iterator[Event]:
        """Reads a stream, in the order it comes; after `Finished` only usage may follow.

        Ends without `Finished` or `Failed` where the stream does. Raises `documents.Malformed`.
        """
