"""The vocabulary of what the provider can be told to do. What it means on the wire: `plan.py`.

An answer goes only to a request that the vendor would have answered (key accepted, body valid,
model known); a failure goes to any. In a failure's text {key}, {starred_key} and {model} become the
caller's.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from .parts import (
    PROXY_PAGE,
    Answer,
    Cut,
    ErrorEvent,
    Failure,
    Fault,
    HangUp,
    Malformed,
    Raw,
    Stall,
    Travel,
    Truncated,
)

Headers = Mapping[str, str | None]
Body = Mapping[str, Any] | list[Any] | str | bytes
_ECHO = "Incorrect API key provided: {key}. You can find your API key in your account's settings."


@dataclass(frozen=True)
class Reply:
    """One reply. `Reply()` is the default answer: "You said: " and the last user message."""

    what: Answer | Failure | Raw | HangUp = Answer()
    fault: Fault | None = None
    travel: Travel = Travel()
    headers: Headers = field(default_factory=dict)
    """Added to the vendor's, or put in their place; None leaves one out."""

    @property
    def is_answer(self) -> bool:
        """Whether a request has to be in order to get this."""
        return isinstance(self.what, Answer)

    # Answers

    @classmethod
    def answer(
        cls, text: str | None = None, *,
        tokens_in: int | None = None, tokens_out: int | None = None, tokens_cached: int = 0,
        at_limit: bool = False,
        first_byte_seconds: float = 0, chunk_delay_seconds: float = 0,
    ) -> Self:  # fmt: skip
        """A whole answer, streamed one word a chunk. Token counts are words unless given."""
        words = Answer(text, tokens_in, tokens_out, tokens_cached, at_limit)
        return cls(words, travel=Travel(first_byte_seconds, chunk_delay_seconds))

    @classmethod
    def tool_call(cls, name: str, arguments: Mapping[str, Any]) -> Self:
        """A call of that tool in place of a text, its arguments streamed in pieces."""
        return cls(Answer(json.dumps(arguments), tool=name))

    # Answers that break. `after_chunks` counts text chunks, None is "after the last". An answer
    # that is not streamed breaks after half of its body.

    @classmethod
    def stall(
        cls, after_chunks: int | None = 1, *, seconds: float | None = None, text: str | None = None
    ) -> Self:
        """Silence on an open socket, without `seconds` until client or provider close it."""
        return cls(Answer(text), Stall(after_chunks, seconds))

    @classmethod
    def cut(
        cls, after_chunks: int | None = 1, *, reset: bool = False, text: str | None = None
    ) -> Self:
        """The connection is closed, or reset, in the middle of the next chunk."""
        return cls(Answer(text), Cut(after_chunks, reset))

    @classmethod
    def truncated(cls, after_chunks: int | None = None, *, text: str | None = None) -> Self:
        """A clean end of HTTP without what ends an answer: finish_reason, [DONE], message_stop."""
        return cls(Answer(text), Truncated(after_chunks))

    @classmethod
    def malformed_chunk(cls, after_chunks: int | None = 1, *, text: str | None = None) -> Self:
        """A data line that is not JSON, then the rest of the stream; unstreamed, such a body."""
        return cls(Answer(text), Malformed(after_chunks))

    @classmethod
    def error_event(
        cls, type: str = "overloaded_error", *, message: str | None = None, code: str | None = None,
        after_chunks: int | None = 1, then_done: bool = False, text: str | None = None,
    ) -> Self:  # fmt: skip
        """An error that ends the stream, with its end mark if `then_done`; unstreamed, a status."""
        failure = Failure(type=type, message=message, code=code)
        return cls(Answer(text), ErrorEvent(after_chunks, failure, then_done))

    # Failures in the vendor's words

    @classmethod
    def status(
        cls, status: int, *, code: str | None = None, type: str | None = None,
        message: str | None = None, headers: Headers | None = None, body: Body | None = None,
    ) -> Self:  # fmt: skip
        """This status with the vendor's body for it (and for `code`), or with `body` as it is."""
        if body is not None:
            return cls(Raw(status, _as_bytes(body), from_vendor=True), headers=headers or {})
        return cls(Failure(status, type=type, code=code, message=message), headers=headers or {})

    @classmethod
    def insufficient_quota(cls) -> Self:
        """Out of credit: OpenAI 429 without retry-after, Anthropic 402 billing_error."""
        return cls(Failure(cause="insufficient_quota"))

    @classmethod
    def low_balance(cls) -> Self:
        """Out of credit otherwise: Anthropic 400 "credit balance is too low", DeepSeek's 402."""
        return cls(Failure(cause="low_balance"))

    @classmethod
    def spend_limit(cls) -> Self:
        """The account's own limit for the period: a 429 without retry-after."""
        return cls(Failure(cause="spend_limit"))

    @classmethod
    def rate_limited(cls, retry_after_seconds: float | None = 20) -> Self:
        """A plain 429, which says nothing against the key."""
        wait = None if retry_after_seconds is None else f"{retry_after_seconds:g}"
        return cls(Failure(cause="rate_limited"), headers={"retry-after": wait})

    @classmethod
    def overloaded(cls) -> Self:
        """OpenAI 503, Anthropic 529."""
        return cls(Failure(cause="overloaded"))

    @classmethod
    def missing_scope(cls) -> Self:
        """A good key that may not do this: OpenAI 401 with code null, Anthropic 403."""
        return cls(Failure(cause="missing_scope"))

    @classmethod
    def echoing_key(cls, status: int = 401) -> Self:
        """An error whose text holds the caller's whole key."""
        return cls(Failure(status, message=_ECHO))

    @classmethod
    def huge_error(cls, size_bytes: int = 8_000_000, status: int = 500) -> Self:
        """The vendor's error body, with a message of this size."""
        return cls(Failure(status, message="x" * size_bytes))

    # Responses of no vendor

    @classmethod
    def html_page(cls, status: int = 502) -> Self:
        """The page of a proxy in front of the provider."""
        return cls(Raw(status, PROXY_PAGE, "text/html"))

    @classmethod
    def empty_body(cls, status: int = 200) -> Self:
        """A status with nothing after it, content type included."""
        return cls(Raw(status, b"", content_type=None))

    @classmethod
    def redirect(cls, location: str, status: int = 302) -> Self:
        """Somewhere else, where the key must not follow."""
        return cls(Raw(status, b"", content_type=None), headers={"location": location})

    @classmethod
    def drop_connection(cls) -> Self:
        """The connection is closed before the first byte."""
        return cls(HangUp())

    # How it travels: each returns this reply, changed

    def slowly(self, *, first_byte_seconds: float = 0, chunk_delay_seconds: float = 0) -> Self:
        """Late, and with a pause before each text chunk but the first."""
        pace = replace(self.travel, first_byte_seconds=first_byte_seconds)
        return replace(self, travel=replace(pace, chunk_delay_seconds=chunk_delay_seconds))

    def dribbled(self, bytes_per_write: int = 1) -> Self:
        """A stream cut into HTTP chunks of this size, through lines and UTF-8 characters."""
        return replace(self, travel=replace(self.travel, bytes_per_write=bytes_per_write))

    def with_keep_alives(self) -> Self:
        """A comment and blank lines before every event."""
        return replace(self, travel=replace(self.travel, keep_alives=True))

    def with_crlf(self) -> Self:
        """Events whose lines end in CR LF."""
        return replace(self, travel=replace(self.travel, crlf=True))

    def with_headers(self, headers: Headers) -> Self:
        """More headers, or None to leave one of the vendor's out."""
        return replace(self, headers={**self.headers, **headers})


def _as_bytes(body: Body) -> bytes:
    if isinstance(body, bytes):
        return body
    return body.encode() if isinstance(body, str) else json.dumps(body).encode()
