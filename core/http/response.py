"""Parses a response with httptools, strictly: ambiguous responses are refused.

Used only by `exchange.py`. At most `MAX_UNPARSED_BYTES` besides the body are received, so that a server
can't send an endless head, chunk sizes or trailers.
"""

from collections import deque

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from core.http.connections import Connection

MAX_UNPARSED_BYTES = 128 << 10
"""For the head, and between two parts of the body. Checked after each read."""


class ProtocolError(Exception):
    """The response isn't HTTP, or is ambiguous."""


class Response:
    """One response: the constructor reads its head, `read` its body as it arrives.

    Everything raises what the connection raises, ConnectionAbortedError if it ends too soon, and
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
        """The next part of the body, a chunk or part of one; empty at its end."""
        pieces = self._message.pieces
        while not pieces:
            if self._message.is_complete or self._is_closed:
                return b""
            self._receive()
        self._unparsed_bytes = 0
        return pieces.popleft()

    @property
    def is_reusable(self) -> bool:
        """Whether the connection can be reused: this response is complete and nothing follows it."""
        return self._message.is_complete and self._message.keeps_alive and not self._is_broken

    def _receive(self) -> None:
        """Receives and parses the next bytes."""
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
    """The state of parsing; the `on_` methods are callbacks of httptools."""

    status = 0
    has_head = is_complete = keeps_alive = ends_with_connection = False

    def __init__(self, method: str) -> None:
        self.headers: dict[str, str] = {}
        """By lower-case name; of repeated headers, the last one."""
        self.pieces = deque[bytes]()
        self._method = method
        self._has_started = False
        self._parser: HttpResponseParser | None = HttpResponseParser(self)
        self._parser.set_dangerous_leniencies(
            lenient_optional_cr_before_lf=True,
            lenient_spaces_after_chunk_size=True,
            lenient_chunked_length=True,  # but then the connection isn't reused
        )

    def feed(self, data: bytes) -> bool:
        """Parses more bytes. Returns whether they were HTTP; keeps what was parsed before an error."""
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
            raise ProtocolError  # stops parsing: there can't be a second response

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
            self._parser = None  # breaks the reference cycle

    def _plan_end(self) -> None:
        """Decides where the body ends and whether the connection is reusable (RFC 9112, 6.3 and 9.3)."""
        assert self._parser is not None  # noqa: S101  (tells the type checker)
        has_length = "content-length" in self.headers
        coding = self.headers.get("transfer-encoding", "")
        self.ends_with_connection = not has_length and not coding.lower().endswith("chunked")
        self.is_complete = self._method == "HEAD"  # httptools doesn't know the method
        has_two_ends = bool(has_length and coding)
        hides_surplus = self._method == "HEAD" and not has_length
        self.keeps_alive = self._parser.should_keep_alive() and not (has_two_ends or hides_surplus)
