"""AWS's binary event streams (`application/vnd.amazon.eventstream`), read by botocore's own parser."""

from collections.abc import Iterable, Iterator
from typing import Any

from core.providers.documents import Malformed, parse_object
from core.providers.formats.bounds import MAX_EVENT_BYTES


def events(buffers: Iterable[bytes]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each event's type with its payload; of an exception, `exception:ITS_TYPE`.

    Raises `Malformed` where a frame breaks its own checksums. A frame that the end cuts off is dropped.
    """
    from botocore.eventstream import EventStreamBuffer, ParserError

    parser = EventStreamBuffer()
    try:
        for buffer in buffers:
            parser.add_data(buffer)
            if len(parser._data) > MAX_EVENT_BYTES:  # noqa: SLF001  (it says nowhere else what it holds)
                raise Malformed
            for frame in parser:
                yield _read(frame.headers, frame.payload)
    except ParserError:
        raise Malformed from None


def _read(headers: dict[str, Any], payload: bytes) -> tuple[str, dict[str, Any]]:
    kind = headers.get(":message-type")
    if kind == "exception":
        return f"exception:{headers.get(':exception-type', '')}", _object(payload)
    if kind == "error":
        message = str(headers.get(":error-message", ""))
        return f"exception:{headers.get(':error-code', '')}", {"message": message}
    return str(headers.get(":event-type", "")), _object(payload)


def _object(payload: bytes) -> dict[str, Any]:
    return parse_object(payload) if payload else {}
