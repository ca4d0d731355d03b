"""A provider's response, parsed by httptools: read in one way only, or refused.

Only `exchange.py` uses this. At most `MAX_UNPARSED_BYTES` of what is not the body are received, however
a server draws out its head, its chunk sizes or its trailers.
"""

from collections import deque

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from core.http.connections import Connection

MAX_UNPARSED_BYTES = 128 << 10
"""Of the head, and between two parts of the body. Checked after each reception."""


class ProtocolError(Exception):
    """What came is not HTTP, or could be read in two ways."""


class Response:
    """One response: its head, read when it is made, and its body as it arrives.

    All of it raises what the connection raises, ConnectionAbortedError where it ends too soon, and
    `ProtocolError`.
    """

    def __init__(self, connection: Connection, method: str) -> None:
        self._connection = connection
        self._message = _Message(method)
        self._is_broken = self._is_closed = False
        self._unparsed_bytes = 0
        while not self._message.has_head:
            self._receive()
        self._unparsed_bytes = 0
        self.status, self.headers = self._message.status, self._message.headers

    def read(self) -> bytes:
        """The next part of the body, a chunk or what arrived of one; nothing at its end."""
        pieces = self._message.pieces
        while not pieces:
            if self._message.is_complete or self._is_closed:
                return b""
            self._receive()
        self._unparsed_bytes = 0
        return pieces.popleft()

    @property
    def is_reusable(self) -> bool:
        """Whether the connection can serve another request: this response is complete, nothing follows it."""
        return self._message.is_complete and self._message.keeps_alive and not self._is_broken

    def _receive(self) -> None:
        """Parses what comes next."""
        if self._is_broken or self._unparsed_bytes > MAX_UNPARSED_BYTES:
            raise ProtocolError
        data = self._connection.receive()
        self._unparsed_bytes += len(data)
        if not data:
            self._end_with_connection()
        elif not self._message.feed(data):
            self._is_broken = True

    def _end_with_connection(self) -> None:
        if not self._message.ends_with_connection:
            raise ConnectionAbortedError
        self._is_closed = True


class _Message:
    """What httptools has parsed so far; its `on_` methods are httptools' callbacks."""

    status = 0
    has_head = is_complete = keeps_alive = ends_with_connection = False

    def __init__(self, method: str) -> None:
        self.headers: dict[str, str] = {}
        """By lower-case name; of those that came twice the last."""
        self.pieces = deque[bytes]()
        self._method = method
        self._has_started = False
        self._parser: HttpResponseParser | None = HttpResponseParser(self)
        self._parser.set_dangerous_leniencies(
            lenient_optional_cr_before_lf=True,
            lenient_spaces_after_chunk_size=True,
            lenient_chunked_length=True,  # but then the connection is not used again
        )

    def feed(self, data: bytes) -> bool:
        """Parses more; whether it was HTTP. What was parsed before an error is kept."""
        if self._parser is None or not (self._has_started or data.startswith(b"H")):
            return False
        self._has_started = True
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade):
            return False
        return True

    def on_message_begin(self) -> None:
        if self.is_complete:
            raise ProtocolError  # ends the parsing: nobody asked for a second response

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self.has_head:  # else it is a trailer
            self.headers[name.decode("latin-1").lower()] = value.decode("latin-1").strip(" \t")

    def on_headers_complete(self) -> None:
        assert self._parser is not None  # noqa: S101  (tells the type checker)
        self.status = self._parser.get_status_code()
        if self.status < 100 or self._parser.get_http_version() not in ("1.0", "1.1"):
            raise ProtocolError
        if self.status < 200:  # an interim response: the final one follows (RFC 9110, 15.2)
            self.headers = {}
            return
        self.has_head = True
        self._plan_end()

    def on_body(self, data: bytes) -> None:
        if self.is_complete:
            raise ProtocolError
        self.pieces.append(data)

    def on_message_complete(self) -> None:
        if self.has_head:
            self.is_complete = True
            self._parser = None  # it refers back to this

    def _plan_end(self) -> None:
        """Where the body ends, and whether the connection outlives it (RFC 9112, 6.3 and 9.3)."""
        assert self._parser is not None  # noqa: S101  (tells the type checker)
        has_length = "content-length" in self.headers
        coding = self.headers.get("transfer-encoding", "")
        self.ends_with_connection = not has_length and not coding.lower().endswith("chunked")
        self.is_complete = self._method == "HEAD"  # which httptools does not know
        has_two_ends = bool(has_length and coding)
        hides_surplus = self._method == "HEAD" and not has_length
        self.keeps_alive = self._parser.should_keep_alive() and not (has_two_ends or hides_surplus)
