"""Writes a request to fill in the middle: to prove a key with."""

from typing import Any

from core.providers.formats.encoding import without_nothing
from core.providers.formats.parsing import joined
from core.providers.formats.request import ChatRequest, not_carried


def write_request(request: ChatRequest, model: str) -> dict[str, Any]:
    """The last turn stands before the gap; there is no place for what came before it."""
    for name, value in (("tools", request.tools), ("response_format", request.json)):
        if value:
            raise not_carried(name)
    last = request.turns[-1:]
    document = {
        "model": model,
        "prompt": "".join(joined(turn.blocks) for turn in last),
        "max_tokens": request.max_tokens,
        "temperature": request.temperature,
        "top_p": request.top_p,
        "stop": list(request.stop),
    }
    written = without_nothing(document) | {"suffix": ""}
    return written | ({"stream": True} if request.stream else {})
