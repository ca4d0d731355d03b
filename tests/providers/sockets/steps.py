"""What can happen on a connection, as values: made in `plan.py`, carried out in `connection.py`.

The events in them become chunks of HTTP on the way: an End is then a Send, and a Close is bare.
"""

from dataclasses import dataclass

from ..gate import Gate


@dataclass(frozen=True)
class Send:
    """Bytes, in one write."""

    data: bytes
    tokens: int = 0
    """How many text chunks have gone out with them."""


@dataclass(frozen=True)
class End:
    """The last event, if there is one, and the end of the stream, in one write.

    A client that leaves as soon as it has read the last event has not left too early.
    """

    event: bytes = b""


@dataclass(frozen=True)
class Pause:
    """Silence for some seconds, or (None) until one of the two sides closes."""

    seconds: float | None


@dataclass(frozen=True)
class Hold:
    """Waiting at a gate."""

    gate: Gate


@dataclass(frozen=True)
class Close:
    """The end of the connection: closed (FIN) or reset (RST), in the middle of an event."""

    event: bytes = b""
    reset: bool = False


@dataclass(frozen=True)
class Whole:
    """The text is complete, and counted as this many tokens."""

    tokens_out: int


Step = Send | End | Pause | Hold | Close | Whole
