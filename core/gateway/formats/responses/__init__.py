"""OpenAI's responses, which Codex speaks, and Perplexity's agent."""

from core.gateway.formats.responses.answers import read_answer, write_answer
from core.gateway.formats.responses.reading import read_request
from core.gateway.formats.responses.requests import write_request
from core.gateway.formats.responses.streams import read_stream
from core.gateway.formats.responses.writing import write_stream

__all__ = [
    "read_answer",
    "read_request",
    "read_stream",
    "write_answer",
    "write_request",
    "write_stream",
]
