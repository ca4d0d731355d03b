"""Mistral's /v1/fim/completions: what stands between prompt and suffix, in the shape of chat completions."""

from dataclasses import replace

from ..calls import Call
from . import openai
from .openai import DONE, PROBLEMS, answer, error_body, error_event, headers, key_in, model_list
from .problems import Problem
from .wire import Stream, Writing

__all__ = [
    "CHAT_PATH", "DONE", "NAME", "PROBLEMS",
    "answer", "error_body", "error_event", "headers", "key_in", "model_list", "objection", "stream",
]  # fmt: skip

NAME = "fim"
CHAT_PATH = "/v1/fim/completions"


def objection(call: Call) -> Problem | None:
    """A body without a model or a prompt: Mistral's 422, as a 400 of the shape that both share."""
    missing = [name for name in ("model", "prompt") if not isinstance(call.body.get(name), str)]
    if call.is_json and not missing:
        return None
    return Problem(400, "invalid_request_error", f"Field required: {', '.join(missing)}")


def stream(writing: Writing, call: Call) -> Stream:
    """Its last chunk tells the tokens, whether or not that was asked for."""
    return openai.stream(writing, replace(call, body={"stream_options": {"include_usage": True}}))
