"""Errors in the form that a caller's SDK knows: as a whole answer, or as the end of a stream.

What is the gateway's own to tell stands beside the message, under `gateway`.
"""

from typing import Any

from core import clock
from core.providers.formats.encoding import as_data, as_event

MESSAGES = "messages"
OF_ANTHROPIC = (MESSAGES, "count_tokens")
RESPONSES = "responses"
NO_THREADS = "thread_unsupported_request"

_ANTHROPIC_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}
_OPENAI_TYPES = {
    401: "authentication_error",
    402: "insufficient_quota",
    403: "permission_error",
    429: "rate_limit_error",
}
_STATUSES_OF_KINDS = {
    "rate_limited": 429,
    "window_exhausted": 429,
    "overloaded": 529,
    "timed_out": 504,
    "bad_request": 400,
}
"""What a failure inside a stream would have been as an answer; another is a 502."""


def body(route: str, status: int, code: str, message: str, facts: dict[str, Any]) -> dict[str, Any]:
    """A refusal. `facts`: request_id, provider, source, retryable, retry_after, attempts."""
    if route in OF_ANTHROPIC:
        error = {"type": _anthropic_type(status), "message": message} | _details(code)
        request_id = facts.get("request_id")
        return {"type": "error", "error": error, "request_id": request_id, "gateway": facts}
    return {"error": _openai_error(status, code, message) | {"gateway": facts}}


def in_stream(route: str, code: str, message: str) -> bytes:
    """The last bytes of a stream that broke: never mistaken for a clean end."""
    if route == MESSAGES:
        error = {"type": _anthropic_type(_status_of(code)), "message": message}
        return as_event("error", {"type": "error", "error": error})
    if route == RESPONSES:
        return response_failed({}, 0, code, message)
    return as_data({"error": _openai_error(_status_of(code), code, message)})


def response_failed(
    response: dict[str, Any], sequence_number: int, code: str, message: str
) -> bytes:
    """`response.failed`, which Codex reads, with the `error` at the top that makes the SDK raise."""
    status = _status_of(code)
    known = "rate_limit_exceeded" if status == 429 else "server_error"
    ending = {"status": "failed", "error": {"code": known, "message": message}}
    document = {
        "type": "response.failed",
        "sequence_number": sequence_number,
        "response": (response or _empty_response()) | ending,
        "error": _openai_error(status, code, message),
    }
    return as_event("response.failed", document)


def _empty_response() -> dict[str, Any]:
    return {
        "id": "",
        "object": "response",
        "created_at": int(clock.now().timestamp()),
        "model": "",
        "output": [],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
    }


def _openai_error(status: int, code: str, message: str) -> dict[str, Any]:
    kind = "server_error" if status >= 500 else "invalid_request_error"
    return {
        "message": message,
        "type": _OPENAI_TYPES.get(status, kind),
        "param": None,
        "code": code,
    }


def _details(code: str) -> dict[str, Any]:
    """What Anthropic's SDK looks for to go on without a thread."""
    if code != NO_THREADS:
        return {}
    return {"details": {"error_code": NO_THREADS, "unsupported": ["thread"]}}


def _anthropic_type(status: int) -> str:
    kind = "api_error" if status >= 500 else "invalid_request_error"
    return _ANTHROPIC_TYPES.get(status, kind)


def _status_of(code: str) -> int:
    return _STATUSES_OF_KINDS.get(code.removeprefix("upstream_"), 502)
