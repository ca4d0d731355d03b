"""What a reply is made of: plain values, no behaviour. `reply.py` names the useful combinations."""

from dataclasses import dataclass

PROXY_PAGE = (
    b"<html>\r\n<head><title>Bad Gateway</title></head>\r\n<body>\r\n"
    b"<center><h1>Bad Gateway</h1></center>\r\n<hr><center>nginx</center>\r\n"
    b"</body>\r\n</html>\r\n"
)


@dataclass(frozen=True)
class Answer:
    """An answer to a chat request. What is None is worked out from the request."""

    text: str | None = None
    tokens_in: int | None = None
    tokens_out: int | None = None
    tokens_cached: int = 0
    """How many of `tokens_in` the provider says it read from its prompt cache."""
    at_limit: bool = False
    """Ended because max_tokens was reached: finish_reason "length", stop_reason "max_tokens"."""
    tool: str = ""
    """The tool that is called in place of a text: `text` is its arguments, as JSON."""


@dataclass(frozen=True)
class Failure:
    """A refusal, described by as little as one field; each format finds its own words for it."""

    status: int | None = None
    cause: str | None = None
    """A name that both wire formats know, such as "insufficient_quota"; see their PROBLEMS."""
    type: str | None = None
    code: str | None = None
    message: str | None = None
    """May hold {key}, {starred_key} and {model}, which become the caller's."""


@dataclass(frozen=True)
class Raw:
    """A response that comes from no vendor's code: a proxy's page, a redirect, an empty body."""

    status: int
    body: bytes = b""
    content_type: str | None = "application/json"
    from_vendor: bool = False
    """Whether the vendor's own headers (request id, rate limits) come with it."""


@dataclass(frozen=True)
class HangUp:
    """The connection is closed with nothing said."""


@dataclass(frozen=True)
class Stall:
    """Silence with the socket open: for some seconds, or (None) until one of the sides closes."""

    after_chunks: int | None
    seconds: float | None = None


@dataclass(frozen=True)
class Cut:
    """The connection ends in the middle of an HTTP chunk: closed (FIN) or reset (RST)."""

    after_chunks: int | None
    reset: bool = False


@dataclass(frozen=True)
class Truncated:
    """The stream ends cleanly for HTTP, but without the marks that end an answer."""

    after_chunks: int | None


@dataclass(frozen=True)
class Malformed:
    """A data line that is not JSON; the stream then goes on to its regular end."""

    after_chunks: int | None


@dataclass(frozen=True)
class ErrorEvent:
    """An error inside a stream that began well."""

    after_chunks: int | None
    failure: Failure
    then_done: bool = False
    """Send the end mark all the same, as OpenAI has been seen to do: it is no proof of success."""


Fault = Stall | Cut | Truncated | Malformed | ErrorEvent


@dataclass(frozen=True)
class Travel:
    """How late and how slowly the bytes go out; for streams also how they are cut and dressed."""

    first_byte_seconds: float = 0
    chunk_delay_seconds: float = 0
    bytes_per_write: int | None = None
    keep_alives: bool = False
    crlf: bool = False
