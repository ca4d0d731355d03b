"""Anthropic's messages: bodies, events and headers. Its errors are in `anthropic_problems.py`."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from ..calls import Call
from .anthropic_problems import PROBLEMS, objection_to
from .problems import Problem
from .wire import Stream, Writing, words_in

__all__ = [
    "CHAT_PATH", "COUNT_PATH", "DONE", "NAME", "PROBLEMS", "count",
    "answer", "error_body", "error_event", "headers", "key_in", "model_list", "objection", "stream",
]  # fmt: skip

NAME = "anthropic"
CHAT_PATH = "/v1/messages"
COUNT_PATH = f"{CHAT_PATH}/count_tokens"
_BEARER_SINCE = "2026-10-21"
_ORGANIZATION = "00000000-0000-4000-8000-000000000000"
_LIMITS = {"requests": 4000, "tokens": 500_000, "input-tokens": 400_000, "output-tokens": 100_000}


def key_in(headers: dict[str, str]) -> str:
    """The key of `x-api-key`, or of a bearer, as SDKs send it with the versions since 2026-10-21."""
    key = headers.get("x-api-key", "").strip()
    is_new = headers.get("anthropic-version", "") >= _BEARER_SINCE
    return (
        key or (is_new and headers.get("authorization", "").removeprefix("Bearer ").strip()) or ""
    )


def objection(call: Call) -> Problem | None:
    """What Anthropic would find wrong with this request."""
    if not call.headers.get("anthropic-version"):
        return Problem(400, "invalid_request_error", "anthropic-version: header is required")
    if not call.is_json:
        return Problem(400, "invalid_request_error", "The request body is not valid JSON.")
    if call.path == COUNT_PATH:
        return objection_to(call.body | {"max_tokens": 1})
    return objection_to(call.body) if call.is_chat else None


def count(call: Call) -> dict[str, Any]:
    """How many tokens a request would have: words, as everywhere here."""
    return {"input_tokens": words_in(call.body)}


def error_body(problem: Problem, request_id: str) -> dict[str, Any]:
    """`{"type": "error", "error": {type, message, details?}, "request_id"}`."""
    error: dict[str, Any] = {"type": problem.type, "message": problem.message}
    if problem.code:
        error["details"] = {"error_code": problem.code}
    return {"type": "error", "error": error, "request_id": request_id}


def error_event(problem: Problem, request_id: str) -> str:
    """An `error` event."""
    return _event(error_body(problem, request_id))


def headers(request_id: str, problem: Problem | None) -> dict[str, str]:
    """Request id and rate limits: used up, with a retry-after, when the problem is to wait."""
    wait = problem.retry_after_seconds if problem else None
    resets_at = datetime.now(UTC) + timedelta(seconds=wait or 1)
    found = {"request-id": request_id, "anthropic-organization-id": _ORGANIZATION}
    for name, limit in _LIMITS.items():
        found[f"anthropic-ratelimit-{name}-limit"] = str(limit)
        found[f"anthropic-ratelimit-{name}-remaining"] = "0" if wait else str(limit - 1)
        found[f"anthropic-ratelimit-{name}-reset"] = resets_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    return found | {"retry-after": str(wait)} if wait else found


def answer(writing: Writing, call: Call) -> dict[str, Any]:
    """A message with its usage."""
    stop_reason = _stop_reason(writing)
    content = [_block(writing, writing.text)] if writing.pieces else []
    usage = _usage_in(writing) | {"output_tokens": writing.tokens_out, "service_tier": "standard"}
    return _message(writing) | {"content": content, "stop_reason": stop_reason, "usage": usage}


def stream(writing: Writing, call: Call) -> Stream:
    """message_start counts the input, a delta a piece follows, message_delta counts all output."""
    first_usage = _usage_in(writing) | {"output_tokens": min(1, writing.tokens_out)}
    ending = {"stop_reason": _stop_reason(writing), "stop_sequence": None}
    usage = {"output_tokens": writing.tokens_out}
    return Stream(
        opening=[
            _event(
                {"type": "message_start", "message": _message(writing) | {"usage": first_usage}}
            ),
            _event(
                {"type": "content_block_start", "index": 0, "content_block": _block(writing, "")}
            ),
            _event({"type": "ping"}),
        ],
        pieces=writing.pieces,
        event_of=lambda text: _delta(writing, text),
        closing=[
            _event({"type": "content_block_stop", "index": 0}),
            _event({"type": "message_delta", "delta": ending, "usage": usage}),
            DONE,
        ],
    )


def model_list(models: Sequence[str]) -> dict[str, Any]:
    """The page of GET /v1/models: all of them on one."""
    common = {"type": "model", "created_at": "2026-01-01T00:00:00Z"}
    rows = [common | {"id": model, "display_name": model} for model in models]
    first, last = (models[0], models[-1]) if models else (None, None)
    return {"data": rows, "has_more": False, "first_id": first, "last_id": last}


def _message(writing: Writing) -> dict[str, Any]:
    return {
        "id": f"msg_loopback{writing.number:06d}",
        "type": "message",
        "role": "assistant",
        "model": writing.model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
    }


def _usage_in(writing: Writing) -> dict[str, Any]:
    """The input side. What came from the cache is not in input_tokens: the fields add up."""
    return {
        "input_tokens": writing.tokens_in - writing.tokens_cached,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": writing.tokens_cached,
    }


def _block(writing: Writing, text: str) -> dict[str, Any]:
    if not writing.tool:
        return {"type": "text", "text": text}
    id = f"toolu_loopback{writing.number:06d}"
    return {"type": "tool_use", "id": id, "name": writing.tool, "input": json.loads(text or "{}")}


def _stop_reason(writing: Writing) -> str:
    if writing.tool:
        return "tool_use"
    return "max_tokens" if writing.at_limit else "end_turn"


def _delta(writing: Writing, text: str) -> str:
    delta = {"type": "text_delta", "text": text}
    if writing.tool:
        delta = {"type": "input_json_delta", "partial_json": text}
    return _event({"type": "content_block_delta", "index": 0, "delta": delta})


def _event(data: dict[str, Any]) -> str:
    return f"event: {data['type']}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"


DONE = _event({"type": "message_stop"})
