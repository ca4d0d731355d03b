"""What the body and headers of a refusal say, in any of the shapes in use. Pure reading.

Seen: `error` as an object, as a string, in an array of one; `code`, `type`, `message` at the top;
`detail`, a text or a list; MiniMax's `base_resp` under a 200; AWS's type in a header.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime
from typing import Any

from core.providers.documents import at, storable, text_at

MAX_BODY_BYTES = 64 * 1024

_MESSAGES: tuple[tuple[str | int, ...], ...] = (
    ("error", "message"),
    ("error",),
    ("message",),
    ("Message",),
    ("detail",),
    ("detail", 0, "msg"),
    ("base_resp", "status_msg"),
    ("error_description",),
)
_CODES: tuple[tuple[str | int, ...], ...] = (
    ("error", "details", "error_code"),
    ("error", "code"),
    ("error", "type"),
    ("error", "status"),
    ("code",),
    ("reason",),
    ("type",),
    ("base_resp", "status_code"),
)
_REQUEST_IDS = ("request-id", "x-request-id", "x-amzn-requestid")


def document_of(body: bytes) -> dict[str, Any]:
    """The JSON object in the first 64 KiB, or in an array in them; else an empty one."""
    try:
        document = json.loads(body[:MAX_BODY_BYTES])
    except (ValueError, RecursionError):
        return {}
    document = document[0] if isinstance(document, list) and document else document
    return document if isinstance(document, dict) else {}


def plain_text(body: bytes) -> str:
    """A body that is a short sentence rather than a document or a page."""
    text = body[:MAX_BODY_BYTES].decode("utf-8", "replace").strip()
    is_sentence = " " in text and "\ufffd" not in text and text[0] not in '<{["'
    return storable(text) if is_sentence and len(text) <= 1000 else ""


def message_in(document: Mapping[str, Any]) -> str:
    """The provider's own words, or nothing."""
    return next(filter(str.strip, (text_at(document, *path) for path in _MESSAGES)), "")


def codes_in(document: Mapping[str, Any], headers: Mapping[str, str]) -> list[str]:
    """Everything that names the failure, the most telling first."""
    amazon = headers.get("x-amzn-errortype", "").split(":")[0].split("#")[-1]
    candidates = [*_google_reasons(document), *(at(document, *path) for path in _CODES), amazon]
    return [str(code) for code in candidates if _is_code(code)]


def _google_reasons(document: Mapping[str, Any]) -> Iterator[Any]:
    return (at(detail, "reason") for detail in _details(document))


def _details(document: Mapping[str, Any]) -> list[Any]:
    details = at(document, "error", "details")
    return details if isinstance(details, list) else []


def _is_code(value: Any) -> bool:
    return type(value) is int or (isinstance(value, str) and 0 < len(value) <= 100)


def has_error(document: Mapping[str, Any]) -> bool:
    """Whether a body that came under a 2xx reports a failure after all."""
    return bool(
        document.get("error")
        or document.get("type") == "error"
        or document.get("status") == "failed"
        or ("base_resp" in document and at(document, "base_resp", "status_code"))
    )


def status_in(document: Mapping[str, Any]) -> int | None:
    """The HTTP status that an error inside a body gives as its code."""
    code = str(at(document, "error", "code"))
    return int(code) if re.fullmatch("[45][0-9]{2}", code) else None


def request_id_in(document: Mapping[str, Any], headers: Mapping[str, str]) -> str | None:
    """The provider's name for the request, to be quoted to its support."""
    found = [headers.get(name, "") for name in _REQUEST_IDS] + [text_at(document, "request_id")]
    return next((name for name in found if 0 < len(name) <= 100), None)


def retry_after_in(document: Mapping[str, Any], headers: Mapping[str, str]) -> float | None:
    """The seconds that the provider asks to wait: from its headers, or Google's `RetryInfo`."""
    delays = (text_at(detail, "retryDelay") for detail in _details(document))
    waits = [
        _seconds(headers.get("retry-after-ms", ""), 0.001),
        _seconds(headers.get("retry-after", "")),
        _seconds_until(headers.get("retry-after", ""), headers.get("date", "")),
        *(_seconds(delay.removesuffix("s")) for delay in delays),
    ]
    return next((wait for wait in waits if wait is not None), None)


def _seconds(text: str, unit_seconds: float = 1) -> float | None:
    try:
        seconds = float(text) * unit_seconds
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) and seconds >= 0 else None


def _seconds_until(moment: str, sent_at: str) -> float | None:
    """Between two dates of one answer, so that only the provider's own clock counts."""
    try:
        wait = parsedate_to_datetime(moment) - parsedate_to_datetime(sent_at)
    except (ValueError, TypeError, OverflowError):
        return None
    return max(0.0, wait.total_seconds())
