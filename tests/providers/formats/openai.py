"""OpenAI's chat completions: bodies, events and headers. Its errors are in `openai_problems.py`."""

import json
from collections.abc import Sequence
from typing import Any

from ..calls import Call
from . import embeddings
from .openai_problems import PROBLEMS, objection_to
from .problems import Problem
from .wire import Stream, Writing

__all__ = [
    "CHAT_PATH", "DONE", "NAME", "PROBLEMS",
    "answer", "error_body", "error_event", "headers", "key_in", "model_list", "objection", "stream",
]  # fmt: skip

NAME = "openai"
CHAT_PATH = "/v1/chat/completions"
DONE = "data: [DONE]\n\n"


def key_in(headers: dict[str, str]) -> str:
    """The key of `Authorization: Bearer`, or of Xiaomi's `api-key`."""
    if "api-key" in headers:
        return headers["api-key"]
    scheme, _, key = headers.get("authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""


def objection(call: Call) -> Problem | None:
    """What OpenAI would find wrong with this request."""
    if not call.is_json:
        return Problem(
            400, "invalid_request_error", "We could not parse the JSON body of your request."
        )
    if call.is_embedding:
        return embeddings.objection_to(call.body)
    return objection_to(call.body) if call.is_chat else None


def error_body(problem: Problem, request_id: str) -> dict[str, Any]:
    """`{"error": {message, type, param, code}}`; the request id is in a header only."""
    return {
        "error": {
            "message": problem.message,
            "type": problem.type,
            "param": problem.param,
            "code": problem.code,
        }
    }


def error_event(problem: Problem, request_id: str) -> str:
    """A data chunk with an `error` where choices would be."""
    return _event(error_body(problem, request_id))


def headers(request_id: str, problem: Problem | None) -> dict[str, str]:
    """Request id, processing time, rate limits: used up when the problem is to wait."""
    wait = problem.retry_after_seconds if problem else None
    remaining = "0" if wait else "9999"
    found = {
        "x-request-id": request_id,
        "openai-organization": "org-loopback",
        "openai-processing-ms": "1",
        "openai-version": "2020-10-01",
        "x-ratelimit-limit-requests": "10000",
        "x-ratelimit-limit-tokens": "2000000",
        "x-ratelimit-remaining-requests": remaining,
        "x-ratelimit-remaining-tokens": "0" if wait else "1999000",
        "x-ratelimit-reset-requests": f"{wait}s" if wait else "6ms",
        "x-ratelimit-reset-tokens": f"{wait}s" if wait else "30ms",
    }
    return found | {"retry-after": str(wait), "retry-after-ms": str(wait * 1000)} if wait else found


def answer(writing: Writing, call: Call) -> dict[str, Any]:
    """A chat.completion with its usage."""
    message: dict[str, Any] = {
        "role": "assistant",
        "content": writing.text,
        "refusal": None,
        "annotations": [],
    }
    if writing.tool:
        message |= {"content": None, "tool_calls": [_call(writing, writing.text)]}
    choice = {
        "index": 0,
        "message": message,
        "logprobs": None,
        "finish_reason": _finish_reason(writing),
    }
    return _envelope(writing, "chat.completion") | {"choices": [choice], "usage": _usage(writing)}


def stream(writing: Writing, call: Call) -> Stream:
    """A role chunk, a chunk a piece, a finish_reason, usage if it was asked for, then [DONE]."""
    counts = bool((call.body.get("stream_options") or {}).get("include_usage"))
    blank = {"usage": None} if counts else {}
    closing = [_chunk(writing, blank, {}, _finish_reason(writing))]
    if counts:
        closing.append(_event(_envelope(writing) | {"choices": [], "usage": _usage(writing)}))
    return Stream(
        opening=[_chunk(writing, blank, _first_delta(writing))],
        pieces=writing.pieces,
        event_of=lambda piece: _chunk(writing, blank, _delta(writing, piece)),
        closing=[*closing, DONE],
    )


def model_list(models: Sequence[str]) -> dict[str, Any]:
    """The list of GET /v1/models."""
    rows = [
        {"id": model, "object": "model", "created": 1_754_000_000, "owned_by": "system"}
        for model in models
    ]
    return {"object": "list", "data": rows}


def _chunk(
    writing: Writing,
    blank: dict[str, None],
    delta: dict[str, Any],
    finish_reason: str | None = None,
) -> str:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
    return _event(_envelope(writing) | {"choices": [choice]} | blank)


def _envelope(writing: Writing, kind: str = "chat.completion.chunk") -> dict[str, Any]:
    return {
        "id": f"chatcmpl-loopback{writing.number:06d}",
        "object": kind,
        "created": writing.created,
        "model": writing.model,
        "service_tier": "default",
        "system_fingerprint": None,
    }


def _usage(writing: Writing) -> dict[str, Any]:
    return {
        "prompt_tokens": writing.tokens_in,
        "completion_tokens": writing.tokens_out,
        "total_tokens": writing.tokens_in + writing.tokens_out,
        "prompt_tokens_details": {"cached_tokens": writing.tokens_cached, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": 0,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def _first_delta(writing: Writing) -> dict[str, Any]:
    role = {"role": "assistant", "content": None if writing.tool else "", "refusal": None}
    return role | ({"tool_calls": [{"index": 0} | _call(writing, "")]} if writing.tool else {})


def _delta(writing: Writing, piece: str) -> dict[str, Any]:
    if writing.tool:
        return {"tool_calls": [{"index": 0, "function": {"arguments": piece}}]}
    return {"content": piece}


def _call(writing: Writing, arguments: str) -> dict[str, Any]:
    function = {"name": writing.tool, "arguments": arguments}
    return {"id": f"call_loopback{writing.number:06d}", "type": "function", "function": function}


def _finish_reason(writing: Writing) -> str:
    if writing.tool:
        return "tool_calls"
    return "length" if writing.at_limit else "stop"


def _event(data: dict[str, Any]) -> str:
    return f"data: {json.dumps(data, ensure_ascii=False)}\n\n"
