"""Filling in the middle, as Codestral does: to prove a key with. The answer has the shape of a chat."""

from typing import Any

from core.providers import openai
from core.providers.wire import ChatRequest

ROUTE = "fim"

completion = openai.completion
events = openai.events


def body(request: ChatRequest, *, stream: bool) -> dict[str, Any]:
    """What was said last is what stands before the gap."""
    prompt = request.turns[-1].text
    document: dict[str, Any] = {"model": request.model, "prompt": prompt, "suffix": ""}
    if request.output_limit_field:
        document[request.output_limit_field] = request.max_output_tokens
    return document | ({"stream": True} if stream else {})
