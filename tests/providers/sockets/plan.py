"""From an answer and its fault to the steps on the wire, without touching a socket."""

from collections.abc import Iterator
from dataclasses import dataclass

from ..formats.wire import Stream
from ..gate import Gate
from ..parts import Cut, ErrorEvent, Fault, Malformed, Stall, Travel, Truncated
from .http1 import LAST_CHUNK, chunk, portions
from .steps import Close, End, Hold, Pause, Send, Step, Whole

MALFORMED_EVENT = 'data: {"id": "broken", "choices": [{"delta": {"con\n\n'
MALFORMED_BODY = b'{"id": "broken", "type": "mess'
_KEEP_ALIVE = b": keep-alive\n\n\n"


@dataclass(frozen=True)
class Plan:
    """One answer on its way: what goes wrong with it, how it travels, where it is held."""

    tokens_out: int
    fault: Fault | None
    travel: Travel
    gate: Gate | None

    def of_stream(self, stream: Stream, error_event: str) -> Iterator[Step]:
        """The body of a streamed answer. `error_event` is what an ErrorEvent says."""
        for step in self._events(stream, error_event):
            yield from self._framed(step)

    def of_body(self, body: bytes) -> Iterator[Step]:
        """The body of an answer that is not streamed; `damaged` has already seen it."""
        half = len(body) // 2
        match self.fault:
            case Stall(seconds=seconds):
                yield from (Send(body[:half]), Pause(seconds), *self._whole(body[half:]))
            case Cut(reset=reset):
                yield from (Send(body[:half]), Close(reset=reset))
            case Truncated() | Malformed():
                yield Send(body)
            case _:
                yield from self._whole(body)

    def _whole(self, last: bytes) -> tuple[Step, ...]:
        """Counted before the client can have read it."""
        return Whole(self.tokens_out), Send(last)

    def damaged(self, body: bytes) -> bytes:
        """The body itself, as the fault leaves it: half, not JSON, or whole."""
        match self.fault:
            case Truncated():
                return body[: len(body) // 2]
            case Malformed():
                return MALFORMED_BODY
            case _:
                return body

    def _events(self, stream: Stream, error_event: str) -> Iterator[Step]:
        """The steps with events in them, not yet framed."""
        breaks_at = self._breaks_at(len(stream.pieces))
        yield from (Send(_bytes(event)) for event in stream.opening)
        yield from self._pieces_between(stream, 0, breaks_at)
        match self.fault:
            case Stall(seconds=seconds):
                yield Pause(seconds)
            case Cut(reset=reset):
                yield Close(_bytes(_event_at(stream, breaks_at)), reset)
                return
            case Malformed():
                yield Send(MALFORMED_EVENT.encode())
            case Truncated():
                yield End()
                return
            case ErrorEvent(then_done=then_done):
                end_mark = stream.closing[-1] if then_done else ""
                yield End(_bytes(error_event + end_mark))
                return
        yield from self._pieces_between(stream, breaks_at, len(stream.pieces))
        yield Whole(self.tokens_out)
        yield from (Send(_bytes(event)) for event in stream.closing[:-1])
        yield End(_bytes(stream.closing[-1]))

    def _breaks_at(self, pieces: int) -> int:
        """Before which text chunk the fault comes."""
        if self.fault is None or self.fault.after_chunks is None:
            return pieces
        return min(self.fault.after_chunks, pieces)

    def _pieces_between(self, stream: Stream, start: int, stop: int) -> Iterator[Step]:
        for index in range(start, stop):
            if index and self.travel.chunk_delay_seconds:
                yield Pause(self.travel.chunk_delay_seconds)
            yield Send(_bytes(stream.event_of(stream.pieces[index])), tokens=1)
            if index == 0 and self.gate:
                yield Hold(self.gate)

    def _framed(self, step: Step) -> Iterator[Step]:
        """The step in HTTP chunks: an event in one, or dribbled over many; a Close in mid-chunk."""
        match step:
            case Send(event, tokens):
                *parts, last = self._chunks(event)
                yield from (Send(part) for part in parts)
                yield Send(last, tokens)
            case End(event):
                *parts, last = self._chunks(event) if event else [b""]
                yield from (Send(part) for part in parts)
                yield Send(last + LAST_CHUNK)
            case Close(event, reset):
                framed = chunk(self._dressed(event))
                yield from (Send(framed[: len(framed) // 2]), Close(reset=reset))
            case _:
                yield step

    def _chunks(self, event: bytes) -> list[bytes]:
        size = self.travel.bytes_per_write
        return [chunk(part) for part in portions(self._dressed(event), size)]

    def _dressed(self, event: bytes) -> bytes:
        """The event with the keep-alives and line ends that it travels with."""
        whole = _KEEP_ALIVE + event if self.travel.keep_alives else event
        return whole.replace(b"\n", b"\r\n") if self.travel.crlf else whole


def _event_at(stream: Stream, index: int) -> str:
    """The event that would come after `index` text chunks."""
    if index < len(stream.pieces):
        return stream.event_of(stream.pieces[index])
    return stream.closing[0]


def _bytes(event: str) -> bytes:
    """Text as UTF-8; of a binary frame, its own bytes."""
    return event.encode("utf-8", "surrogateescape")
