"""OpenAI's /v1/responses: bodies and events, as its public reference has them; errors are OpenAI's."""

import itertools
import json
from typing import Any

from ..calls import Call
from .openai import PROBLEMS, error_body, headers, key_in, model_list
from .openai_problems import response_objection_to
from .problems import Problem
from .wire import Stream, Writing

__all__ = [
    "CHAT_PATH", "DONE", "NAME", "PROBLEMS",
    "answer", "error_body", "error_event", "headers", "key_in", "model_list", "objection", "stream",
]  # fmt: skip

NAME = "responses"
CHAT_PATH = "/v1/responses"
DONE = 'event: response.completed\ndata: {"type": "response.completed"}\n\n'
_AT = {"output_index": 0}
_AT_TEXT = {"output_index": 0, "content_index": 0}


def objection(call: Call) -> Problem | None:
    """What OpenAI would find wrong with this request."""
    if not call.is_json:
        return Problem(
            400, "invalid_request_error", "We could not parse the JSON body of your request."
        )
    return response_objection_to(call.body)


def error_event(problem: Problem, request_id: str) -> str:
    """An event of its own, with the fields at its top."""
    said = {"code": problem.code, "message": problem.message, "param": problem.param}
    return _event("error", 1, said)


def answer(writing: Writing, call: Call) -> dict[str, Any]:
    """A whole response with its usage."""
    return _response(writing, call, _status(writing), [_item(writing)])


def stream(writing: Writing, call: Call) -> Stream:
    """Created, in progress, the item with its part, a delta a piece, and everything once more, whole."""
    numbers = itertools.count()
    start = {"response": _response(writing, call, "in_progress", [])}
    opening = [("response.created", start), ("response.in_progress", start), *_first(writing)]
    opening_events = [_event(kind, next(numbers), fields) for kind, fields in opening]
    after = itertools.count(len(opening_events) + len(writing.pieces))
    return Stream(
        opening=opening_events,
        pieces=writing.pieces,
        event_of=lambda piece: _event(*_delta(writing, piece, next(numbers))),
        closing=[_event(kind, next(after), fields) for kind, fields in _last(writing, call)],
    )


def _first(writing: Writing) -> list[tuple[str, dict[str, Any]]]:
    item = _item(writing, "in_progress")
    added = [("response.output_item.added", _AT | {"item": item})]
    if writing.tool:
        return added
    part = {"item_id": item["id"], **_AT_TEXT, "part": _text("")}
    return [*added, ("response.content_part.added", part)]


def _delta(writing: Writing, piece: str, number: int) -> tuple[str, int, dict[str, Any]]:
    where = {"item_id": _item_id(writing)}
    if writing.tool:
        fields = where | _AT | {"delta": piece}
        return "response.function_call_arguments.delta", number, fields
    fields = where | _AT_TEXT | {"delta": piece, "logprobs": []}
    return "response.output_text.delta", number, fields


def _last(writing: Writing, call: Call) -> list[tuple[str, dict[str, Any]]]:
    where, item, status = {"item_id": _item_id(writing)}, _item(writing), _status(writing)
    if writing.tool:
        fields = where | _AT | {"arguments": writing.text}
        ended = [("response.function_call_arguments.done", fields)]
    else:
        text = where | _AT_TEXT | {"text": writing.text, "logprobs": []}
        part = where | _AT_TEXT | {"part": _text(writing.text)}
        ended = [("response.output_text.done", text), ("response.content_part.done", part)]
    ended.append(("response.output_item.done", _AT | {"item": item}))
    whole = {"response": _response(writing, call, status, [item])}
    return [*ended, (f"response.{status}", whole)]


def _status(writing: Writing) -> str:
    return "incomplete" if writing.at_limit else "completed"


def _item_id(writing: Writing) -> str:
    return f"{'fc' if writing.tool else 'msg'}_loopback{writing.number:06d}"


def _item(writing: Writing, status: str = "") -> dict[str, Any]:
    """The one item of the output; empty while it is in progress."""
    is_in_progress, text = status == "in_progress", "" if status == "in_progress" else writing.text
    item = {"id": _item_id(writing), "status": status or _status(writing)}
    if writing.tool:
        called = {"call_id": f"call_loopback{writing.number:06d}", "name": writing.tool}
        return item | {"type": "function_call", "arguments": text} | called
    content = [] if is_in_progress else [_text(text)]
    return item | {"type": "message", "role": "assistant", "content": content}


def _text(text: str) -> dict[str, Any]:
    return {"type": "output_text", "annotations": [], "logprobs": [], "text": text}


def _response(
    writing: Writing, call: Call, status: str, output: list[dict[str, Any]]
) -> dict[str, Any]:
    cut = {"reason": "max_output_tokens"} if status == "incomplete" else None
    return {
        "id": f"resp_loopback{writing.number:06d}",
        "object": "response",
        "created_at": writing.created,
        "status": status,
        "error": None,
        "incomplete_details": cut,
        "model": writing.model,
        "output": output,
        "service_tier": "default",
        **_request_fields(call.body),
        "usage": None if status == "in_progress" else _usage(writing),
    }


def _request_fields(body: dict[str, Any]) -> dict[str, Any]:
    """What OpenAI says back of the request, with its defaults."""
    usual = {
        "background": False, "instructions": None, "max_output_tokens": None, "max_tool_calls": None,
        "metadata": {}, "parallel_tool_calls": True, "previous_response_id": None, "store": True,
        "reasoning": {"effort": None, "summary": None}, "temperature": 1.0, "tool_choice": "auto",
        "text": {"format": {"type": "text"}, "verbosity": "medium"}, "tools": [], "top_logprobs": 0,
        "top_p": 1.0, "truncation": "disabled", "user": None,
    }  # fmt: skip
    return {name: body.get(name, value) for name, value in usual.items()}


def _usage(writing: Writing) -> dict[str, Any]:
    return {
        "input_tokens": writing.tokens_in,
        "input_tokens_details": {"cached_tokens": writing.tokens_cached},
        "output_tokens": writing.tokens_out,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": writing.tokens_in + writing.tokens_out,
    }


def _event(kind: str, number: int, fields: dict[str, Any]) -> str:
    data = {"type": kind, "sequence_number": number} | fields
    return f"event: {kind}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"
