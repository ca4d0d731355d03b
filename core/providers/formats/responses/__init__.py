"""OpenAI's responses, which Codex speaks, and Perplexity's agent."""

from core.providers.formats.responses.answers import (
    read_answer,
    read_stop,
    read_usage,
    write_answer,
)
from core.providers.formats.responses.reading import read_request
from core.providers.formats.responses.requests import write_request
from core.providers.formats.responses.streams import is_end, is_prelude, read_stream
from core.providers.formats.responses.writing import write_stream

__all__ = [
    "is_end", "is_prelude", "read_answer", "read_request", "read_stop", "read_stream",
    "read_usage", "write_answer", "write_request", "write_stream",
]  # fmt: skip
