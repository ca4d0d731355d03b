"""What the writers share: events of a stream as bytes, and names that every provider takes."""

import json
import re
import zlib
from typing import Any

from core import clock

_CALL_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_LONGEST_CALL_ID = 64


def as_data(document: dict[str, Any]) -> bytes:
    """One event without a name."""
    return f"data: {compact(document)}\n\n".encode("utf-8", "replace")


def as_event(name: str, document: dict[str, Any]) -> bytes:
    """One event with its name."""
    return f"event: {name}\n".encode() + as_data(document)


def compact(value: Any) -> str:
    """JSON without spaces."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def seconds_now() -> int:
    return int(clock.now().timestamp())


def answer_id(prefix: str, request_id: str) -> str:
    """The request's id as the name of its answer, with the prefix that clients look for."""
    return f"{prefix}{request_id.rpartition('_')[2]}"


def plain_call_id(call_id: str) -> str:
    """The id of a tool call in characters that Anthropic and Bedrock take; others' have dots.

    The same for the same id, so that a call and its result keep finding each other.
    """
    if _CALL_ID.fullmatch(call_id):
        return call_id
    digest = f"_{zlib.crc32(call_id.encode('utf-8', 'replace')):08x}"
    plain = re.sub(r"[^a-zA-Z0-9_-]", "_", call_id)
    return plain[: _LONGEST_CALL_ID - len(digest)] + digest


def without_nothing(document: dict[str, Any]) -> dict[str, Any]:
    """The members that say something: not None, not empty; 0 and False do."""
    return {name: value for name, value in document.items() if value not in (None, "", [], {}, ())}
